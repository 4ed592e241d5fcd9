// Level avx2: AVX2, FMA and F16C (Haswell, Zen and later); 16 registers.
#pragma once

#include <immintrin.h>

#include "isa/vec.h"

namespace cconv {
namespace {

constexpr int kRegisters = 16;
constexpr int kVectorBytes = 32;

template <class T>
using V = Vec<T, kVectorBytes / sizeof(T)>;

CCONV_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
CCONV_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
  return {_mm256_fmadd_pd(a.v, b.v, c.v)};
}

// Halves of these vectors, as fast for each byte.
constexpr bool kHalfVectors = true;
template <class T>
using HalfV = Vec<T, V<T>::kLanes / 2>;

CCONV_INLINE HalfV<float> fma(HalfV<float> a, HalfV<float> b, HalfV<float> c) {
  return {_mm_fmadd_ps(a.v, b.v, c.v)};
}
CCONV_INLINE HalfV<double> fma(HalfV<double> a, HalfV<double> b, HalfV<double> c) {
  return {_mm_fmadd_pd(a.v, b.v, c.v)};
}

// Accumulators of direct's register tile: output channels x vectors of positions.
constexpr int kDirectChannels = 6;
constexpr int kDirectVectors = 2;

// Vectors of output channels in gemm's register tile, at most.
constexpr int kGemmVectors = 3;

// filter2d: its vectors;
// columns of up to so many taps stay in registers, beside a tile of rows x vectors; the
// tile of taller columns.
template <class T>
using FilterV = V<T>;
constexpr int kFilterTaps = 5;
constexpr int kFilterRows = 4, kFilterVectors = 2;
constexpr int kTallRows = 4, kTallVectors = 3;

}  // namespace
}  // namespace cconv
