// Level avx512: AVX-512 F, BW, DQ and VL (Skylake-SP, Zen 4 and later); 32 registers.
#pragma once

#include <immintrin.h>

#include "isa/vec.h"

namespace cconv {
namespace {

constexpr int kRegisters = 32;
constexpr int kVectorBytes = 64;

template <class T>
using V = Vec<T, kVectorBytes / sizeof(T)>;

constexpr bool kFuses = true;  // fma rounds once

CCONV_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
CCONV_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
  return {_mm512_fmadd_pd(a.v, b.v, c.v)};
}

// Halves of these vectors, as fast for each byte.
constexpr bool kHalfVectors = true;
template <class T>
using HalfV = Vec<T, V<T>::kLanes / 2>;

CCONV_INLINE HalfV<float> fma(HalfV<float> a, HalfV<float> b, HalfV<float> c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
CCONV_INLINE HalfV<double> fma(HalfV<double> a, HalfV<double> b, HalfV<double> c) {
  return {_mm256_fmadd_pd(a.v, b.v, c.v)};
}

// And quarters.
CCONV_INLINE Vec<float, 4> fma(Vec<float, 4> a, Vec<float, 4> b, Vec<float, 4> c) {
  return {_mm_fmadd_ps(a.v, b.v, c.v)};
}
CCONV_INLINE Vec<double, 2> fma(Vec<double, 2> a, Vec<double, 2> b, Vec<double, 2> c) {
  return {_mm_fmadd_pd(a.v, b.v, c.v)};
}

// Lanes where b is a NaN are left as b is.
CCONV_INLINE V<float> larger(V<float> a, V<float> b) {
  return {_mm512_mask_max_ps(b.v, _mm512_cmp_ps_mask(b.v, b.v, _CMP_ORD_Q), b.v, a.v)};
}
CCONV_INLINE V<double> larger(V<double> a, V<double> b) {
  return {_mm512_mask_max_pd(b.v, _mm512_cmp_pd_mask(b.v, b.v, _CMP_ORD_Q), b.v, a.v)};
}
CCONV_INLINE V<float> smaller(V<float> a, V<float> b) {
  return {_mm512_mask_min_ps(b.v, _mm512_cmp_ps_mask(b.v, b.v, _CMP_ORD_Q), b.v, a.v)};
}
CCONV_INLINE V<double> smaller(V<double> a, V<double> b) {
  return {_mm512_mask_min_pd(b.v, _mm512_cmp_pd_mask(b.v, b.v, _CMP_ORD_Q), b.v, a.v)};
}
CCONV_INLINE HalfV<float> larger(HalfV<float> a, HalfV<float> b) {
  return {_mm256_mask_max_ps(b.v, _mm256_cmp_ps_mask(b.v, b.v, _CMP_ORD_Q), b.v, a.v)};
}
CCONV_INLINE HalfV<float> smaller(HalfV<float> a, HalfV<float> b) {
  return {_mm256_mask_min_ps(b.v, _mm256_cmp_ps_mask(b.v, b.v, _CMP_ORD_Q), b.v, a.v)};
}

// 16 bytes become floats, and floats bytes: half to even, saturating, NaN becomes 0.
// (GCC 12 warns of the intrinsics without masks that they read what is undefined.)
CCONV_INLINE void widen_bytes(const std::byte* bytes, std::byte* floats) {
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const auto i = reinterpret_cast<V<std::int32_t>::Native>(_mm512_maskz_cvtepu8_epi32(0xffff, b));
  V<float>{__builtin_convertvector(i, V<float>::Native)}.store(floats);
}
CCONV_INLINE void narrow_to_bytes(const std::byte* floats, std::byte* bytes) {
  const V<float> most = V<float>::fill(255);
  const V<float> positive = max(V<float>::load(floats), V<float>::fill(0));  // of NaN, 0
  const __m512i i = _mm512_maskz_cvtps_epi32(0xffff, select(positive < most, positive, most).v);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), _mm512_maskz_cvtepi32_epi8(0xffff, i));
}

// A vector of 16-bit words from bytes; bytes from one: what is larger saturates, a positive
// multiple of less than 2^30 rounds half to even first.
CCONV_INLINE V<std::uint16_t> words_of_bytes(const std::byte* bytes) {
  const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  return {reinterpret_cast<V<std::uint16_t>::Native>(_mm512_maskz_cvtepu8_epi16(~0u, b))};
}
CCONV_INLINE void store_bytes(V<std::uint16_t> words, std::byte* bytes) {
  const __m512i w = reinterpret_cast<__m512i>(words.v);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes), _mm512_maskz_cvtusepi16_epi8(~0u, w));
}
CCONV_INLINE void store_scaled_bytes(V<std::uint16_t> words, float scale, std::byte* bytes) {
  std::uint16_t halves[2][16];
  words.store(halves);
  for (int i = 0; i < 2; ++i) {
    const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves[i]));
    const auto n =
        reinterpret_cast<V<std::int32_t>::Native>(_mm512_maskz_cvtepu16_epi32(0xffff, w));
    const auto y = V<float>{__builtin_convertvector(n, V<float>::Native)} * V<float>::fill(scale);
    const __m512i rounded = _mm512_maskz_cvtps_epi32(0xffff, y.v);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes) + i,
                     _mm512_maskz_cvtusepi32_epi8(0xffff, rounded));
  }
}

// The upper halves of products.
CCONV_INLINE V<std::uint16_t> high_product(V<std::uint16_t> a, V<std::uint16_t> b) {
  const __m512i y =
      _mm512_mulhi_epu16(reinterpret_cast<__m512i>(a.v), reinterpret_cast<__m512i>(b.v));
  return {reinterpret_cast<V<std::uint16_t>::Native>(y)};
}

// Accumulators of direct's register tile: output channels x vectors of positions.
constexpr int kDirectChannels = 8;
constexpr int kDirectVectors = 3;

// Vectors of output channels in gemm's register tile, at most, and where the last may be half one.
constexpr int kGemmVectors = 4;
constexpr int kGemmHalved = 2;

// Lanes i, i + 1, ... of a and then b, where lanes[l] = i + l.
constexpr bool kShiftsLanes = true;
CCONV_INLINE V<float> lanes_of(V<float> a, V<float> b, V<float>::Mask lanes) {
  return {_mm512_permutex2var_ps(a.v, reinterpret_cast<__m512i>(lanes.v), b.v)};
}
CCONV_INLINE V<double> lanes_of(V<double> a, V<double> b, V<double>::Mask lanes) {
  return {_mm512_permutex2var_pd(a.v, reinterpret_cast<__m512i>(lanes.v), b.v)};
}

CCONV_INLINE V<std::uint16_t> lanes_of(V<std::uint16_t> a, V<std::uint16_t> b,
                                       V<std::uint16_t>::Mask lanes) {
  return {reinterpret_cast<V<std::uint16_t>::Native>(
      _mm512_permutex2var_epi16(reinterpret_cast<__m512i>(a.v), reinterpret_cast<__m512i>(lanes.v),
                                reinterpret_cast<__m512i>(b.v)))};
}

// filter2d: its vectors (half as wide ones cross fewer lines of the cache, which gains a tenth on
// Zen 4, and loses half of what processors with two wide multipliers can do);
// columns of up to so many taps stay in registers, beside a tile of rows x vectors; the
// tile of taller columns.
template <class T>
using FilterV = V<T>;
constexpr int kFilterTaps = 7;
constexpr int kFilterRows = 8, kFilterVectors = 3;
constexpr int kTallRows = 6, kTallVectors = 4;

}  // namespace
}  // namespace cconv
