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

// to_row(b)[a] = from[a * step][b] for a < m, b < n: rows of m elements out of columns, in tiles of
// N x N.  The last tile of an edge overlaps the one before; edges shorter than a tile take smaller
// ones.
template <class T, int N, class ToRow>
CCONV_INLINE void copy_transposed(const std::byte* from, std::int64_t step, std::int64_t m,
                                  std::int64_t n, ToRow to_row) {
  constexpr std::int64_t kSize = sizeof(T);
  if constexpr (N == 1) {
    for (std::int64_t b = 0; b < n; ++b)
      for (std::int64_t a = 0; a < m; ++a)
        store_one(to_row(b) + a * kSize, load_one<T>(from + a * step + b * kSize));
  } else {
    if (m < N || n < N) return copy_transposed<T, N / 2>(from, step, m, n, to_row);
    for (std::int64_t b = 0; b < n; b += N) {
      if (b > n - N) b = n - N;
      for (std::int64_t a = 0; a < m; a += N) {
        if (a > m - N) a = m - N;
        Vec<T, N> tile[N];
#pragma GCC unroll 64
        for (int i = 0; i < N; ++i) tile[i] = Vec<T, N>::load(from + (a + i) * step + b * kSize);
        transpose(tile);
#pragma GCC unroll 64
        for (int i = 0; i < N; ++i) tile[i].store(to_row(b + i) + a * kSize);
      }
    }
  }
}

}  // namespace
}  // namespace cconv
