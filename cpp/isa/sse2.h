// Level sse2: every x86-64 processor; 16 registers, no fused multiply-add.
#pragma once

#include <emmintrin.h>

#include "isa/vec.h"

namespace cconv {
namespace {

constexpr int kRegisters = 16;
constexpr int kVectorBytes = 16;

template <class T>
using V = Vec<T, kVectorBytes / sizeof(T)>;

constexpr bool kFuses = false;  // fma rounds once

// No fused instruction: product and sum are rounded one after the other.
CCONV_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) { return a * b + c; }
CCONV_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) { return a * b + c; }

constexpr bool kHalfVectors = false;
template <class T>
using HalfV = V<T>;

constexpr bool kShiftsLanes = false;  // of two vectors, by any number

// 16 bytes become floats, and floats bytes: half to even, saturating, NaN becomes 0.
CCONV_INLINE void widen_bytes(const std::byte* bytes, std::byte* floats) {
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i zero = _mm_setzero_si128();
  const __m128i words[] = {_mm_unpacklo_epi8(b, zero), _mm_unpackhi_epi8(b, zero)};
  auto* const to = reinterpret_cast<float*>(floats);
  for (int i = 0; i < 2; ++i) {
    _mm_storeu_ps(to + 8 * i, _mm_cvtepi32_ps(_mm_unpacklo_epi16(words[i], zero)));
    _mm_storeu_ps(to + 8 * i + 4, _mm_cvtepi32_ps(_mm_unpackhi_epi16(words[i], zero)));
  }
}
CCONV_INLINE void narrow_to_bytes(const std::byte* floats, std::byte* bytes) {
  const auto integers = [&](int i) {
    const __m128 x = _mm_loadu_ps(reinterpret_cast<const float*>(floats) + i);
    // The second operand is the result where one is NaN.
    const __m128 positive = _mm_max_ps(x, _mm_setzero_ps());
    return _mm_cvtps_epi32(_mm_min_ps(positive, _mm_set1_ps(255)));
  };
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes),
                   _mm_packus_epi16(_mm_packs_epi32(integers(0), integers(4)),
                                    _mm_packs_epi32(integers(8), integers(12))));
}

// A vector of 16-bit words from bytes; bytes from one: what is larger saturates, a positive
// multiple of less than 2^30 rounds half to even first.
CCONV_INLINE V<std::uint16_t> words_of_bytes(const std::byte* bytes) {
  const __m128i b = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes));
  return {reinterpret_cast<V<std::uint16_t>::Native>(_mm_unpacklo_epi8(b, _mm_setzero_si128()))};
}
CCONV_INLINE void store_bytes(V<std::uint16_t> words, std::byte* bytes) {
  const __m128i w = reinterpret_cast<__m128i>(words.v);
  const __m128i least = _mm_sub_epi16(w, _mm_subs_epu16(w, _mm_set1_epi16(255)));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(bytes), _mm_packus_epi16(least, least));
}
CCONV_INLINE void store_scaled_bytes(V<std::uint16_t> words, float scale, std::byte* bytes) {
  const __m128i w = reinterpret_cast<__m128i>(words.v), zero = _mm_setzero_si128();
  const auto scaled = [&](__m128i half) {
    return _mm_cvtps_epi32(_mm_mul_ps(_mm_cvtepi32_ps(half), _mm_set1_ps(scale)));
  };
  const __m128i y =
      _mm_packs_epi32(scaled(_mm_unpacklo_epi16(w, zero)), scaled(_mm_unpackhi_epi16(w, zero)));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(bytes), _mm_packus_epi16(y, y));
}

// The upper halves of products.
CCONV_INLINE V<std::uint16_t> high_product(V<std::uint16_t> a, V<std::uint16_t> b) {
  const __m128i y = _mm_mulhi_epu16(reinterpret_cast<__m128i>(a.v), reinterpret_cast<__m128i>(b.v));
  return {reinterpret_cast<V<std::uint16_t>::Native>(y)};
}

// Accumulators of direct's register tile: output channels x vectors of positions.
constexpr int kDirectChannels = 4;
constexpr int kDirectVectors = 2;

// Vectors of output channels in gemm's register tile, at most, and where the last may be half one.
constexpr int kGemmVectors = 2;
constexpr int kGemmHalved = 0;

// filter2d: its vectors;
// columns of up to so many taps stay in registers, beside a tile of rows x vectors; the
// tile of taller columns.
template <class T>
using FilterV = V<T>;
constexpr int kFilterTaps = 5;
constexpr int kFilterRows = 4, kFilterVectors = 2;
constexpr int kTallRows = 4, kTallVectors = 2;

}  // namespace
}  // namespace cconv
