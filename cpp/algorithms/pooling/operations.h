// What pools take of elements, how sums become means, and how vectors cover a row.  For the kernel
// file, after its level.
#pragma once

#include <cstdint>

#include "algorithms/rows/sliding.h"
#include "isa/vec.h"

namespace cconv::pooling {
namespace {

// The larger or the smaller one; a NaN where there is one.
template <bool kLarger>
struct Extreme {
  static constexpr bool kDivides = false, kOfCnns = kLarger;
  template <class T, int N>
  static CCONV_INLINE Vec<T, N> apply(Vec<T, N> a, Vec<T, N> b) {
    return kLarger ? larger(a, b) : smaller(a, b);
  }
};
using Maximum = Extreme<true>;
using Minimum = Extreme<false>;

struct Sum {
  static constexpr bool kDivides = true, kOfCnns = true;  // means
  template <class T, int N>
  static CCONV_INLINE Vec<T, N> apply(Vec<T, N> a, Vec<T, N> b) {
    return a + b;
  }
};

// y / divisor by its inverse, corrected by what is left, in a quarter of a division's time and
// rounded as one (P. Markstein, "Computation of elementary functions on the IBM RISC System/6000
// processor", 1990); halfway between two numbers below the least normal one it may differ, in
// vectors of every length alike.  Where nothing finite is left there is nothing to correct.
template <class T, int N>
CCONV_INLINE Vec<T, N> quotient(Vec<T, N> y, Vec<T, N> divisor, Vec<T, N> inverse) {
  if constexpr (!kFuses) {
    return y / divisor;
  } else if constexpr (N * sizeof(T) < 16) {  // less than any level's fma
    const auto fma_one = [](T a, T b, T c) -> T {
      return sizeof(T) == 4 ? __builtin_fmaf(a, b, c) : __builtin_fma(a, b, c);
    };
    Vec<T, N> result;
#pragma GCC unroll 8
    for (int i = 0; i < N; ++i) {
      const T quick = y.v[i] * inverse.v[i], left = fma_one(quick, -divisor.v[i], y.v[i]);
      result.v[i] = left == left ? fma_one(left, inverse.v[i], quick) : quick;
    }
    return result;
  } else {
    const Vec<T, N> quick = y * inverse, left = fma(quick, -divisor, y);
    return select(left == left, fma(left, inverse, quick), quick);
  }
}

// A sum as if it had begun at zero: never a negative zero.
template <class T, int N>
CCONV_INLINE Vec<T, N> from_zero(Vec<T, N> sum) {
  return sum + Vec<T, N>::fill(0);
}

// Types that images have; the kernels of the others are small.  Maxima and means of CNNs are of
// float32: they have kernels for the windows that these have.
template <class T>
constexpr bool kOfImages = kHasFractions<T> || (sizeof(T) <= 2 && T(-1) > T(0));
template <class Op, class T>
constexpr bool kOfCnns = Op::kOfCnns && kHasFractions<T> && sizeof(T) == 4;
template <class T>
constexpr int kUnrolled = kOfImages<T> ? 4 : 1;  // vectors at once

// Lanes of the vectors for what is shorter than vectors of `lanes`.
template <class T>
constexpr int shorter(int lanes) {
  return kOfImages<T> && lanes > 4 ? lanes / 4 : 1;
}
// Likewise for rows, which are often half as long.
template <class T>
constexpr int half(int lanes) {
  return kHasFractions<T> && lanes * sizeof(T) > 16 ? lanes / 2 : shorter<T>(lanes);
}

// Calls block(i, Some<n>{}) for vectors of n lanes, N or, for what is shorter, fewer, that cover
// the elements [i, count); `twice`: the last may overlap the one before.
template <class T, int N, class Block>
CCONV_INLINE void cover(std::int64_t i, std::int64_t count, bool twice, Block block) {
  for (; i + N <= count; i += N) block(i, rows::Some<N>{});
  if constexpr (N > 1) {
    if (i == count) return;
    if (twice && count >= N)
      block(count - N, rows::Some<N>{});
    else
      cover<T, half<T>(N)>(i, count, twice, block);
  }
}

// Calls add(i) for 1 <= i < count; count: kCount, or with 0 not known in advance.
template <int kCount, class Add>
CCONV_INLINE void after_first(std::int64_t count, Add add) {
  if constexpr (kCount > 0) {
#pragma GCC unroll 8
    for (int i = 1; i < kCount; ++i) add(i);
  } else {
    for (std::int64_t i = 1; i < count; ++i) add(i);
  }
}

}  // namespace
}  // namespace cconv::pooling
