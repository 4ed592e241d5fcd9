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

// Accumulators of direct's register tile: output channels x vectors of positions.
constexpr int kDirectChannels = 8;
constexpr int kDirectVectors = 3;

// Vectors of output channels in gemm's register tile, at most.
constexpr int kGemmVectors = 4;

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
