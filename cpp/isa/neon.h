// Level neon: every aarch64 processor; 32 registers.
#pragma once

#include <arm_neon.h>

#include "isa/vec.h"

namespace cconv {
namespace {

constexpr int kRegisters = 32;
constexpr int kVectorBytes = 16;

template <class T>
using V = Vec<T, kVectorBytes / sizeof(T)>;

constexpr bool kFuses = true;  // fma rounds once

CCONV_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
CCONV_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
  return {vfmaq_f64(c.v, a.v, b.v)};
}

constexpr bool kHalfVectors = false;
template <class T>
using HalfV = V<T>;

constexpr bool kShiftsLanes = false;  // of two vectors, by any number

// 16 bytes become floats, and floats bytes: half to even, saturating, NaN becomes 0.
CCONV_INLINE void widen_bytes(const std::byte* bytes, std::byte* floats) {
  const uint8x16_t b = vld1q_u8(reinterpret_cast<const std::uint8_t*>(bytes));
  const uint16x8_t words[] = {vmovl_u8(vget_low_u8(b)), vmovl_u8(vget_high_u8(b))};
  auto* const to = reinterpret_cast<float*>(floats);
  for (int i = 0; i < 2; ++i) {
    vst1q_f32(to + 8 * i, vcvtq_f32_u32(vmovl_u16(vget_low_u16(words[i]))));
    vst1q_f32(to + 8 * i + 4, vcvtq_f32_u32(vmovl_u16(vget_high_u16(words[i]))));
  }
}
CCONV_INLINE void narrow_to_bytes(const std::byte* floats, std::byte* bytes) {
  const auto words = [&](int i) {
    return vqmovn_u32(vcvtnq_u32_f32(vld1q_f32(reinterpret_cast<const float*>(floats) + i)));
  };
  vst1q_u8(reinterpret_cast<std::uint8_t*>(bytes),
           vcombine_u8(vqmovn_u16(vcombine_u16(words(0), words(4))),
                       vqmovn_u16(vcombine_u16(words(8), words(12)))));
}

// A vector of 16-bit words from bytes; bytes from one: what is larger saturates, a positive
// multiple of less than 2^30 rounds half to even first.
CCONV_INLINE V<std::uint16_t> words_of_bytes(const std::byte* bytes) {
  const uint8x8_t b = vld1_u8(reinterpret_cast<const std::uint8_t*>(bytes));
  return {reinterpret_cast<V<std::uint16_t>::Native>(vmovl_u8(b))};
}
CCONV_INLINE void store_bytes(V<std::uint16_t> words, std::byte* bytes) {
  vst1_u8(reinterpret_cast<std::uint8_t*>(bytes),
          vqmovn_u16(reinterpret_cast<uint16x8_t>(words.v)));
}
CCONV_INLINE void store_scaled_bytes(V<std::uint16_t> words, float scale, std::byte* bytes) {
  const auto w = reinterpret_cast<uint16x8_t>(words.v);
  const auto scaled = [&](uint16x4_t half) {
    return vqmovn_u32(vcvtnq_u32_f32(vmulq_n_f32(vcvtq_f32_u32(vmovl_u16(half)), scale)));
  };
  vst1_u8(reinterpret_cast<std::uint8_t*>(bytes),
          vqmovn_u16(vcombine_u16(scaled(vget_low_u16(w)), scaled(vget_high_u16(w)))));
}

// The upper halves of products.
CCONV_INLINE V<std::uint16_t> high_product(V<std::uint16_t> a, V<std::uint16_t> b) {
  const auto x = reinterpret_cast<uint16x8_t>(a.v), y = reinterpret_cast<uint16x8_t>(b.v);
  const uint32x4_t low = vmull_u16(vget_low_u16(x), vget_low_u16(y));
  const uint32x4_t high = vmull_u16(vget_high_u16(x), vget_high_u16(y));
  const uint16x8_t product = vcombine_u16(vshrn_n_u32(low, 16), vshrn_n_u32(high, 16));
  return {reinterpret_cast<V<std::uint16_t>::Native>(product)};
}

// Accumulators of direct's register tile: output channels x vectors of positions.
constexpr int kDirectChannels = 8;
constexpr int kDirectVectors = 3;

// Vectors of output channels in gemm's register tile, at most, and where the last may be half one.
constexpr int kGemmVectors = 4;
constexpr int kGemmHalved = 0;

// filter2d: its vectors;
// columns of up to so many taps stay in registers, beside a tile of rows x vectors; the
// tile of taller columns.
template <class T>
using FilterV = V<T>;
constexpr int kFilterTaps = 7;
constexpr int kFilterRows = 8, kFilterVectors = 3;
constexpr int kTallRows = 6, kTallVectors = 4;

}  // namespace
}  // namespace cconv
