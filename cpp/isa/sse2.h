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

// Accumulators of direct's register tile: output channels x vectors of positions.
constexpr int kDirectChannels = 4;
constexpr int kDirectVectors = 2;

// Vectors of output channels in gemm's register tile, at most.
constexpr int kGemmVectors = 2;

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
