// The search for maxima and where they are.  For the kernel file, after its level.
#pragma once

#include "algorithms/pooling/kernel.h"
#include "algorithms/pooling/operations.h"

namespace cconv::pooling {
namespace {

// Where x takes the place of the maximum y: the first of equals stays, and the first NaN.
template <class T, int N>
CCONV_INLINE typename Vec<T, N>::Mask beats(Vec<T, N> x, Vec<T, N> y) {
  if constexpr (kHasFractions<T>)
    return (x > y) | select(x != x, y == y, Vec<T, N>::Mask::fill(0));
  else
    return x > y;
}

template <class T>
constexpr bool kWidePlaces = sizeof(T) >= 4;  // those of all rows are counted in lanes of T's size

// kVectors * N windows at once, whose taps load(r, t, j) gives; those of lane i have, in row r, the
// indices index[r] + taps.first + i*lane_step + t*taps.step.
template <class T, int N, int kVectors, class Load>
CCONV_INLINE void search_block(const Search& a, const Taps& taps, std::int64_t lane_step,
                               std::int64_t out, Load load) {
  using Place = typename Vec<T, N>::Mask;                           // as many bits as a value
  constexpr std::int64_t kMost = kWidePlaces<T> ? kFarthest : 128;  // places that these hold
  std::byte* const values = a.values + out * static_cast<std::int64_t>(sizeof(T));
  std::int64_t* const indices = a.indices + out;
  if (taps.count == 0) return;
  bool first = a.first;
  Vec<T, N> y[kVectors];
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j)
    y[j] = first ? load(0, 0, j) : Vec<T, N>::load(values + j * sizeof(y[j]));
  // Places are counted from a row's first tap on; narrow ones for each row.
  const std::int64_t together = kWidePlaces<T> ? a.rows : 1;
  for (std::int64_t row = 0; row < a.rows; row += together) {
    for (std::int64_t begin = 0; begin < taps.count; begin += kMost) {
      const std::int64_t count = taps.count - begin < kMost ? taps.count - begin : kMost;
      const std::int64_t step = kWidePlaces<T> ? taps.step : 1;
      Place place[kVectors];
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) place[j] = Place::fill(first ? 0 : -1);
      for (std::int64_t r = row; r < row + together; ++r) {
        std::int64_t at = a.index[r] - a.index[row];
        for (std::int64_t t = 0; t < count; ++t, at += step) {
          const Place here = Place::fill(static_cast<Bits<T>>(at));
#pragma GCC unroll 4
          for (int j = 0; j < kVectors; ++j) {
            const Vec<T, N> x = load(r, begin + t, j);
            const Place better = beats(x, y[j]);
            y[j] = select(better, x, y[j]);
            place[j] = select(better, here, place[j]);
          }
        }
      }
      first = false;
      Bits<T> won[kVectors * N];
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) place[j].store(won + j * N);
      const std::int64_t index = a.index[row] + taps.first + begin * taps.step;
      const std::int64_t unit = kWidePlaces<T> ? 1 : taps.step;
      for (int i = 0; i < kVectors * N; ++i)
        indices[i] = won[i] < 0 ? indices[i] : index + i * lane_step + won[i] * unit;
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) y[j].store(values + j * sizeof(y[j]));
}

// Channels [c, inner) of window o.  The last vector may begin before c: what was searched once is
// as it was when it is searched again.
template <class T, int N, int kVectors>
CCONV_INLINE void search_channels(const Search& a, std::int64_t o, std::int64_t c) {
  constexpr std::int64_t kSize = sizeof(T), kStep = kVectors * N;
  const Taps taps = a.taps[o];
  const std::int64_t step = taps.step * a.pitch;
  while (c < a.inner) {
    if (c + kStep > a.inner) {
      if constexpr (kVectors > 1) return search_channels<T, N, 1>(a, o, c);
      if constexpr (N > 1) {
        if (a.inner < N) return search_channels<T, shorter<T>(N), 1>(a, o, c);
      }
      c = a.inner - N;
    }
    const std::int64_t from = taps.first * a.pitch + c * kSize;
    const auto load = [&](std::int64_t r, std::int64_t t, int j) {
      return Vec<T, N>::load(a.src[r] + from + t * step + j * N * kSize);
    };
    search_block<T, N, kVectors>(a, taps, 0, o * a.inner + c, load);
    c += kStep;
  }
}

// Whether kCount windows are alike, each `stride` positions after the one before.
template <int kCount>
CCONV_INLINE bool alike(const Taps* taps, std::int64_t stride) {
  for (int j = 1; j < kCount; ++j)
    if (taps[j].count != taps[0].count || taps[j].first != taps[0].first + j * stride) return false;
  return true;
}

// Windows from o on, in vectors of positions where N of them are alike; how many.
template <class T, int N>
CCONV_INLINE std::int64_t search_positions(const Search& a, std::int64_t o) {
  if constexpr (N > 1) {
    constexpr std::int64_t kSize = sizeof(T);
    const Taps taps = a.taps[o];
    const std::int64_t from = taps.first * kSize, step = taps.step * kSize;
    const bool fits = o + N <= a.positions;
    if (fits && alike<N>(a.taps + o, 1)) {
      search_block<T, N, 1>(a, taps, 1, o, [&](std::int64_t r, std::int64_t t, int) {
        return Vec<T, N>::load(a.src[r] + from + t * step);
      });
      return N;
    }
    if (fits && alike<N>(a.taps + o, 2)) {
      search_block<T, N, 1>(a, taps, 2, o, [&](std::int64_t r, std::int64_t t, int) {
        const std::byte* const pairs = a.src[r] + from + t * step;
        return evens(Vec<T, N>::load(pairs), Vec<T, N>::load(pairs + (N - 1) * kSize));
      });
      return N;
    }
    return search_positions<T, shorter<T>(N)>(a, o);
  } else {
    search_channels<T, 1, 1>(a, o, 0);
    return 1;
  }
}

template <class T>
void search(const Search& a) {
  constexpr int N = V<T>::kLanes;
  if (a.inner == 1 && a.pitch == sizeof(T)) {
    for (std::int64_t o = 0; o < a.positions;) o += search_positions<T, N>(a, o);
  } else {
    for (std::int64_t o = 0; o < a.positions; ++o)
      search_channels<T, N, kWidePlaces<T> ? kUnrolled<T> : 1>(a, o, 0);
  }
}

}  // namespace
}  // namespace cconv::pooling
