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

constexpr bool kFuses = true;  // fma rounds once

CCONV_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
CCONV_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
  return {_mm256_fmadd_pd(a.v, b.v, c.v)};
}

// One instruction each, which compilers take apart where a select follows.
CCONV_INLINE V<float> max(V<float> a, V<float> b) { return {_mm256_max_ps(a.v, b.v)}; }
CCONV_INLINE V<double> max(V<double> a, V<double> b) { return {_mm256_max_pd(a.v, b.v)}; }
CCONV_INLINE V<float> min(V<float> a, V<float> b) { return {_mm256_min_ps(a.v, b.v)}; }
CCONV_INLINE V<double> min(V<double> a, V<double> b) { return {_mm256_min_pd(a.v, b.v)}; }

// Halves of these vectors, as fast for each byte.
constexpr bool kHalfVectors = true;
template <class T>
using HalfV = Vec<T, V<T>::kLanes / 2>;

constexpr bool kShiftsLanes = false;  // of two vectors, by any number

CCONV_INLINE HalfV<float> fma(HalfV<float> a, HalfV<float> b, HalfV<float> c) {
  return {_mm_fmadd_ps(a.v, b.v, c.v)};
}
CCONV_INLINE HalfV<double> fma(HalfV<double> a, HalfV<double> b, HalfV<double> c) {
  return {_mm_fmadd_pd(a.v, b.v, c.v)};
}

// 16 bytes become floats, and floats bytes: half to even, saturating, NaN becomes 0.
CCONV_INLINE void widen_bytes(const std::byte* bytes, std::byte* floats) {
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  auto* const to = reinterpret_cast<float*>(floats);
  _mm256_storeu_ps(to, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(b)));
  _mm256_storeu_ps(to + 8, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(b, 8))));
}
CCONV_INLINE void narrow_to_bytes(const std::byte* floats, std::byte* bytes) {
  const auto integers = [&](int i) {
    const __m256 x = _mm256_loadu_ps(reinterpret_cast<const float*>(floats) + i);
    // The second operand is the result where one is NaN.
    const __m256 positive = _mm256_max_ps(x, _mm256_setzero_ps());
    return _mm256_cvtps_epi32(_mm256_min_ps(positive, _mm256_set1_ps(255)));
  };
  const __m256i pairs = _mm256_packs_epi32(integers(0), integers(8));
  const __m256i words = _mm256_permute4x64_epi64(pairs, 0xd8);
  _mm_storeu_si128(
      reinterpret_cast<__m128i*>(bytes),
      _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

// A vector of 16-bit words from bytes; bytes from one: what is larger saturates, a positive
// multiple of less than 2^30 rounds half to even first.
CCONV_INLINE V<std::uint16_t> words_of_bytes(const std::byte* bytes) {
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  return {reinterpret_cast<V<std::uint16_t>::Native>(_mm256_cvtepu8_epi16(b))};
}
CCONV_INLINE void store_bytes(V<std::uint16_t> words, std::byte* bytes) {
  const __m256i w = _mm256_min_epu16(reinterpret_cast<__m256i>(words.v), _mm256_set1_epi16(255));
  const __m256i b = _mm256_permute4x64_epi64(_mm256_packus_epi16(w, w), 0xd8);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), _mm256_castsi256_si128(b));
}
CCONV_INLINE void store_scaled_bytes(V<std::uint16_t> words, float scale, std::byte* bytes) {
  const __m256i w = reinterpret_cast<__m256i>(words.v), zero = _mm256_setzero_si256();
  const auto scaled = [&](__m256i half) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(half), _mm256_set1_ps(scale)));
  };
  const __m256i y = _mm256_packs_epi32(scaled(_mm256_unpacklo_epi16(w, zero)),
                                       scaled(_mm256_unpackhi_epi16(w, zero)));
  const __m256i b = _mm256_permute4x64_epi64(_mm256_packus_epi16(y, y), 0xd8);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), _mm256_castsi256_si128(b));
}

// The upper halves of products.
CCONV_INLINE V<std::uint16_t> high_product(V<std::uint16_t> a, V<std::uint16_t> b) {
  const __m256i y =
      _mm256_mulhi_epu16(reinterpret_cast<__m256i>(a.v), reinterpret_cast<__m256i>(b.v));
  return {reinterpret_cast<V<std::uint16_t>::Native>(y)};
}

// Accumulators of direct's register tile: output channels x vectors of positions.
constexpr int kDirectChannels = 6;
constexpr int kDirectVectors = 2;

// Vectors of output channels in gemm's register tile, at most, and where the last may be half one.
constexpr int kGemmVectors = 3;
constexpr int kGemmHalved = 0;

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
