// The search for maxima and where they are.  For the kernel file, after its level.
#pragma once

#include "algorithms/pooling/kernel.h"
#include "algorithms/pooling/operations.h"

namespace cconv::pooling {
namespace {

// Elements as numbers whose order is that of unsigned ones, T; of floats as they are.
template <class T, int N>
CCONV_INLINE Vec<T, N> in_order(Vec<T, N> x, bool is_signed) {
  if constexpr (kHasFractions<T>)
    return x;
  else
    return x + Vec<T, N>::fill(is_signed ? T(1) << (8 * sizeof(T) - 1) : 0);
}

template <class T>
constexpr bool kWidePlaces = sizeof(T) >= 4;  // lanes of T's size hold indices

// The taps of a window in their order, each of them where it lies and the index it has beyond that
// of the first one; from a list, or a row at a time.
template <int kTaps>  // so many of them, or with 0 any number
struct ListedTaps {
  const std::byte* const* at;
  const std::int64_t* places;
  std::int64_t count;  // at least 1

  CCONV_INLINE const std::byte* first() const { return at[0]; }
  template <class F>
  CCONV_INLINE void after(F f) const {
    after_first<kTaps>(count, [&](std::int64_t k) { f(at[k], places[k]); });
  }
};
struct TapsOfRows {
  const Search& a;
  Taps taps;

  CCONV_INLINE const std::byte* first() const { return at(0, 0); }
  template <class F>
  CCONV_INLINE void after(F f) const {
    for (std::int64_t r = 0; r < a.rows; ++r)
      for (std::int64_t t = r == 0; t < taps.count; ++t)
        f(at(r, t), a.index[r] - a.index[0] + t * taps.step);
  }

 private:
  CCONV_INLINE const std::byte* at(std::int64_t r, std::int64_t t) const {
    return a.src[r] + (taps.first + t * taps.step) * a.pitch;
  }
};

// Where windows leave what they find; the first tap of lane i has the index index + i * lane_step.
struct Found {
  std::byte* values;
  std::int64_t* indices;
  std::int64_t index, lane_step;
  bool is_signed;
};

// kVectors * N windows at once, of whose taps load(at, j) gives vector j.  Places of maxima that
// are NaN are left open (find_nans).
template <class T, int N, int kVectors, class Walk, class Load>
CCONV_INLINE void search_block(const Walk& walk, const Found& to, Load load) {
  using Place = typename Vec<T, N>::Mask;  // as many bits as an element
  const auto element = [&](const std::byte* at, int j) {
    return in_order(load(at, j), to.is_signed);
  };
  Vec<T, N> y[kVectors];
  Place place[kVectors];
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) {
    y[j] = element(walk.first(), j);
    place[j] = Place::fill(0);
  }
  // Lanes of wide elements hold places; those of narrow ones number the taps, as many at a time as
  // they can.
  constexpr int kMost = kWidePlaces<T> ? 1 : 128;
  std::int64_t places[kMost];
  places[0] = 0;
  const auto leave = [&] {
    Bits<T> found[kVectors * N];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) place[j].store(found + j * N);
    for (int i = 0; i < kVectors * N; ++i)
      if constexpr (kWidePlaces<T>)
        to.indices[i] = to.index + i * to.lane_step + found[i];
      else if (found[i] >= 0)
        to.indices[i] = to.index + i * to.lane_step + places[found[i]];
  };
  int n = 1;
  walk.after([&](const std::byte* at, std::int64_t from_first) {
    if constexpr (!kWidePlaces<T>) {
      if (n == kMost) {
        leave();
        n = 0;
#pragma GCC unroll 4
        for (int j = 0; j < kVectors; ++j) place[j] = Place::fill(-1);
      }
      places[n] = from_first;
    }
    const Place here = Place::fill(static_cast<Bits<T>>(kWidePlaces<T> ? from_first : n++));
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      const Vec<T, N> x = element(at, j);
      place[j] = select(x > y[j], here, place[j]);
      y[j] = Maximum::apply(y[j], x);
    }
  });
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j)
    in_order(y[j], to.is_signed).store(to.values + j * N * sizeof(T));
  leave();
}

template <class T>
CCONV_INLINE bool holds_nan(const std::byte* values, std::int64_t count) {
  constexpr std::int64_t N = V<T>::kLanes, kSize = sizeof(T);
  auto nans = V<T>::Mask::fill(0);
  std::int64_t i = 0;
  for (; i + N <= count; i += N) {
    const V<T> y = V<T>::load(values + i * kSize);
    nans = nans | (y != y);
  }
  int any = 0;
  for (int lane = 0; lane < N; ++lane) any |= nans.v[lane] != 0;
  for (; i < count; ++i) {
    const T y = load_one<T>(values + i * kSize);
    any |= y != y;
  }
  return any != 0;
}

// The indices of the maxima of a row that are NaN; taps_of(o) gives the taps of position o.
template <class T, class TapsOf>
__attribute__((noinline)) void find_nans(const Search& a, TapsOf taps_of) {
  constexpr std::int64_t kSize = sizeof(T);
  const auto is_nan = [](const std::byte* at) {
    const T x = load_one<T>(at);
    return x != x;
  };
  const auto first_nan = [&](const Taps& taps, std::int64_t c) {
    for (std::int64_t r = 0; r < a.rows; ++r)
      for (std::int64_t t = 0; t < taps.count; ++t) {
        const std::int64_t i = taps.first + t * taps.step;
        if (is_nan(a.src[r] + i * a.pitch + c * kSize)) return a.index[r] + i;
      }
    return std::int64_t{0};
  };
  for (std::int64_t o = 0; o < a.positions; ++o)
    for (std::int64_t c = 0; c < a.inner; ++c) {
      const std::int64_t i = o * a.inner + c;
      if (is_nan(a.values + i * kSize)) a.indices[i] = first_nan(taps_of(o), c);
    }
}

// Channels [c, inner) of window o.  The last vector may begin before c.
template <class T, int N, int kVectors>
CCONV_INLINE void search_channels(const Search& a, std::int64_t o, std::int64_t c) {
  constexpr std::int64_t kSize = sizeof(T), kStep = kVectors * N;
  const TapsOfRows walk{a, a.taps[o]};
  if (walk.taps.count == 0) return;
  while (c < a.inner) {
    if (c + kStep > a.inner) {
      if constexpr (kVectors > 1) return search_channels<T, N, 1>(a, o, c);
      if constexpr (N > 1) {
        if (a.inner < N) return search_channels<T, shorter<T>(N), 1>(a, o, c);
      }
      c = a.inner - N;
    }
    const std::int64_t out = o * a.inner + c, index = a.index[0] + walk.taps.first;
    search_block<T, N, kVectors>(
        walk, {a.values + out * kSize, a.indices + out, index, 0, a.is_signed},
        [&](const std::byte* at, int j) { return Vec<T, N>::load(at + (c + j * N) * kSize); });
    c += kStep;
  }
}

template <class T>
void search(const Search& a) {
  for (std::int64_t o = 0; o < a.positions; ++o)
    if (a.inner == 1)
      search_channels<T, 1, 1>(a, o, 0);
    else
      search_channels<T, V<T>::kLanes, kWidePlaces<T> ? kUnrolled<T> : 1>(a, o, 0);
  if constexpr (kHasFractions<T>) {
    if (holds_nan<T>(a.values, a.positions * a.inner))
      find_nans<T>(a, [&](std::int64_t o) { return a.taps[o]; });
  }
}

// Positions of a row, each to.lane_step, 1 or 2, after the one before.
template <class T, class Walk>
CCONV_INLINE void search_row(const Walk& taps, std::int64_t positions, const Found& to) {
  constexpr std::int64_t kSize = sizeof(T);
  cover<T, V<T>::kLanes>(0, positions, true, [&](std::int64_t i, auto lanes) {
    constexpr int N = decltype(lanes)::kCount;
    const std::int64_t from = i * to.lane_step * kSize;
    Found some = to;
    some.values += i * kSize, some.indices += i, some.index += i * to.lane_step;
    if (to.lane_step == 1)
      search_block<T, N, 1>(taps, some,
                            [&](const std::byte* at, int) { return Vec<T, N>::load(at + from); });
    else
      search_block<T, N, 1>(taps, some, [&](const std::byte* at, int) {
        const std::byte* const pairs = at + from;
        return evens(Vec<T, N>::load(pairs), Vec<T, N>::load(pairs + (N - 1) * kSize));
      });
  });
}

// Calls f(row) for each row of results, without its taps.
template <class F>
CCONV_INLINE void each_searched_row(const SearchPlanes& a, std::int64_t size, F f) {
  const std::byte* src[kTapsDown];
  std::int64_t index[kTapsDown];
  std::int64_t oh = a.first % a.rows, od = a.first / a.rows % a.slices;
  const std::byte* plane = a.src + a.first / a.rows / a.slices * a.plane_step;
  Search row{src, size, index, 0, nullptr, a.positions, 1, a.values, a.indices, a.is_signed};
  for (std::int64_t r = 0; r < a.outputs; ++r) {
    const Taps d = a.depth[od], h = a.height[oh];
    row.rows = 0;
    for (std::int64_t i = 0; i < d.count; ++i)
      for (std::int64_t j = 0; j < h.count; ++j, ++row.rows) {
        const std::int64_t slice = d.first + i * d.step, line = h.first + j * h.step;
        src[row.rows] = plane + slice * a.slice_step + line * a.row_step;
        index[row.rows] = a.index + slice * a.slice_index + line * a.row_index;
      }
    f(row);
    row.values += a.values_pitch * size, row.indices += a.indices_pitch;
    if (++oh < a.rows) continue;
    oh = 0;
    if (++od < a.slices) continue;
    od = 0, plane += a.plane_step;
  }
}

template <class T>
void search_planes(const SearchPlanes& a) {
  constexpr std::int64_t kSize = sizeof(T);
  const Taps taps = a.taps;
  const std::byte* at[kTapsSearched];
  std::int64_t places[kTapsSearched];
  const bool follow = a.values_pitch == a.positions;
  bool nans = false;
  each_searched_row(a, kSize, [&](const Search& row) {
    std::int64_t count = 0;
    for (std::int64_t r = 0; r < row.rows; ++r)
      for (std::int64_t t = 0; t < taps.count; ++t, ++count) {
        at[count] = row.src[r] + (taps.first + t * taps.step) * kSize;
        places[count] = row.index[r] - row.index[0] + t * taps.step;
      }
    const Found to{row.values, row.indices, row.index[0] + taps.first, a.stride, a.is_signed};
    const auto search = [&](auto some) {
      const ListedTaps<decltype(some)::kCount> listed{at, places, count};
      search_row<T>(listed, a.positions, to);
    };
    constexpr int kFew = 4;
    if constexpr (kOfCnns<Maximum, T>)  // those of 2 x 2 are known in advance
      count == kFew ? search(rows::Some<kFew>{}) : search(rows::Some<0>{});
    else
      search(rows::Some<0>{});
    // Where all is as small as the border, which is no place.
    for (std::int64_t o = 0, column; o < a.positions; ++o) {
      if ((column = taps.first + o * a.stride) >= 0) break;
      std::int64_t& index = row.indices[o];
      if (index == row.index[0] + column) index += ((-column - 1) / taps.step + 1) * taps.step;
    }
    if constexpr (kHasFractions<T>) {
      if (!follow) nans |= holds_nan<T>(row.values, a.positions);
    }
  });
  if constexpr (kHasFractions<T>) {
    if (follow) nans = holds_nan<T>(a.values, a.outputs * a.positions);
    if (nans)
      each_searched_row(a, kSize, [&](const Search& row) {
        find_nans<T>(row, [&](std::int64_t o) {
          return Taps{taps.first + o * a.stride, taps.count, taps.step};
        });
      });
  }
}

// The first of equals stays, and the first NaN.
template <class T>
void keep_larger(const KeepLarger& a) {
  using One = Vec<T, 1>;
  for (std::int64_t i = 0; i < a.count; ++i) {
    const std::int64_t at = i * std::int64_t{sizeof(T)};
    const T x = in_order(One::load(a.others + at), a.is_signed).v[0];
    const T y = in_order(One::load(a.values + at), a.is_signed).v[0];
    if (!(x > y || (x != x && y == y))) continue;
    One::load(a.others + at).store(a.values + at);
    a.indices[i] = a.other_indices[i];
  }
}

}  // namespace
}  // namespace cconv::pooling
