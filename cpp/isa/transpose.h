// Transposed copies through registers.
#pragma once

#include "isa/vec.h"

namespace cconv {
namespace {

// The lanes of two vectors in turn, from the first halves or from the second.
template <int kHalf, class T, int N, int... I>
CCONV_INLINE Vec<T, N> zip(Vec<T, N> a, Vec<T, N> b, Lanes<I...>) {
  return {__builtin_shufflevector(a.v, b.v, (I / 2 + kHalf * N / 2 + I % 2 * N)...)};
}

// Zipping the upper rows with the lower ones rotates the bits of all indices (row, lane) by one
// place; after as many rounds as a lane has bits, row and lane have changed places.
template <class T, int N>
CCONV_INLINE void transpose(Vec<T, N> (&rows)[N]) {
  using All = typename FirstLanes<N>::type;
#pragma GCC unroll 8
  for (int round = 1; round < N; round *= 2) {
    Vec<T, N> zipped[N];
#pragma GCC unroll 64
    for (int i = 0; i < N / 2; ++i) {
      zipped[2 * i] = zip<0>(rows[i], rows[i + N / 2], All{});
      zipped[2 * i + 1] = zip<1>(rows[i], rows[i + N / 2], All{});
    }
#pragma GCC unroll 64
    for (int i = 0; i < N; ++i) rows[i] = zipped[i];
  }
}

// The lanes of two vectors in turn, as above, of each kPart lanes on their own.
template <int kHalf, int kPart, class T, int N, int... I>
CCONV_INLINE Vec<T, N> zip_parts(Vec<T, N> a, Vec<T, N> b, Lanes<I...>) {
  return {__builtin_shufflevector(
      a.v, b.v, (I / kPart * kPart + I % kPart / 2 + kHalf * kPart / 2 + I % 2 * N)...)};
}

template <class T, int N, int... I>
CCONV_INLINE Vec<T, N> join(Vec<T, N / 2> a, Vec<T, N / 2> b, Lanes<I...>) {
  return {__builtin_shufflevector(a.v, b.v, I...)};
}

// kPart elements each from addresses kPart * step bytes apart, side by side.
template <class T, int N, int kPart>
CCONV_INLINE Vec<T, N> load_parts(const std::byte* from, std::int64_t step) {
  if constexpr (N == kPart) {
    return Vec<T, N>::load(from);
  } else {
    return join<T, N>(load_parts<T, N / 2, kPart>(from, step),
                      load_parts<T, N / 2, kPart>(from + N / 2 * step, step),
                      typename FirstLanes<N>::type{});
  }
}

// A tile of N rows x kPart columns.  Rows that lie kPart apart are loaded side by side; then rows
// and columns change places within parts of a vector, which is cheaper than across it.
template <class T, int N, int kPart, class ToRow>
CCONV_INLINE void copy_tile(const std::byte* from, std::int64_t step, ToRow to_row) {
  using All = typename FirstLanes<N>::type;
  Vec<T, N> rows[kPart];
#pragma GCC unroll 16
  for (int i = 0; i < kPart; ++i) rows[i] = load_parts<T, N, kPart>(from + i * step, step);
#pragma GCC unroll 4
  for (int round = 1; round < kPart; round *= 2) {
    Vec<T, N> zipped[kPart];
#pragma GCC unroll 16
    for (int i = 0; i < kPart / 2; ++i) {
      zipped[2 * i] = zip_parts<0, kPart>(rows[i], rows[i + kPart / 2], All{});
      zipped[2 * i + 1] = zip_parts<1, kPart>(rows[i], rows[i + kPart / 2], All{});
    }
#pragma GCC unroll 16
    for (int i = 0; i < kPart; ++i) rows[i] = zipped[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < kPart; ++i) rows[i].store(to_row(i));
}

constexpr int kPartBytes = 16;  // of vectors of x86
template <class T, int N>
constexpr int kPartLanes =
    N * sizeof(T) < kPartBytes ? N : kPartBytes / static_cast<int>(sizeof(T));

// to_row(b)[a] = from[a * step][b] for a < m, b < n: rows of m elements out of columns, in tiles of
// N rows x kPart columns.  The last tile of an edge overlaps the one before; edges shorter than a
// tile take smaller ones.
template <class T, int N, int kPart, class ToRow>
CCONV_INLINE void copy_transposed(const std::byte* from, std::int64_t step, std::int64_t m,
                                  std::int64_t n, ToRow to_row) {
  constexpr std::int64_t kSize = sizeof(T);
  if constexpr (N == 1) {
    for (std::int64_t b = 0; b < n; ++b)
      for (std::int64_t a = 0; a < m; ++a)
        store_one(to_row(b) + a * kSize, load_one<T>(from + a * step + b * kSize));
  } else {
    if (m < N) return copy_transposed<T, N / 2, kPartLanes<T, N / 2>>(from, step, m, n, to_row);
    if constexpr (kPart > 1) {
      if (n < kPart) return copy_transposed<T, N, kPart / 2>(from, step, m, n, to_row);
    }
    for (std::int64_t a = 0; a < m; a += N) {
      if (a > m - N) a = m - N;
      for (std::int64_t b = 0; b < n; b += kPart) {
        if (b > n - kPart) b = n - kPart;
        copy_tile<T, N, kPart>(from + a * step + b * kSize, step,
                               [&](int i) { return to_row(b + i) + a * kSize; });
      }
    }
  }
}
template <class T, int N, class ToRow>
CCONV_INLINE void copy_transposed(const std::byte* from, std::int64_t step, std::int64_t m,
                                  std::int64_t n, ToRow to_row) {
  copy_transposed<T, N, kPartLanes<T, N>>(from, step, m, n, to_row);
}

}  // namespace
}  // namespace cconv
