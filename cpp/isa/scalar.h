// Level scalar: plain C++, one lane, anywhere.
#pragma once

#include "isa/vec.h"

namespace cconv {
namespace {

constexpr int kRegisters = 16;

template <class T>
using V = Vec<T, 1>;

constexpr bool kFuses = false;  // fma rounds once

// No fused instruction to rely on: product and sum are rounded one after the other.
CCONV_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) { return a * b + c; }
CCONV_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) { return a * b + c; }

constexpr bool kHalfVectors = false;
template <class T>
using HalfV = V<T>;

constexpr bool kShiftsLanes = false;  // of two vectors, by any number

// 16 bytes become floats, and floats bytes: half to even, saturating, NaN becomes 0.
CCONV_INLINE void widen_bytes(const std::byte* bytes, std::byte* floats) {
  for (int i = 0; i < 16; ++i)
    store_one(floats + i * sizeof(float), static_cast<float>(load_one<std::uint8_t>(bytes + i)));
}
CCONV_INLINE void narrow_to_bytes(const std::byte* floats, std::byte* bytes) {
  for (int i = 0; i < 16; ++i) {
    const float x = load_one<float>(floats + i * sizeof(float));
    const float positive = x > 0 ? x : 0, bounded = positive < 255 ? positive : 255;
    store_one(bytes + i, static_cast<std::uint8_t>(bounded + 0x1.8p23f - 0x1.8p23f));
  }
}

// A vector of 16-bit words from bytes; bytes from one: what is larger saturates, a positive
// multiple of less than 2^30 rounds half to even first.
CCONV_INLINE V<std::uint16_t> words_of_bytes(const std::byte* bytes) {
  return V<std::uint16_t>::fill(load_one<std::uint8_t>(bytes));
}
CCONV_INLINE void store_bytes(V<std::uint16_t> words, std::byte* bytes) {
  const std::uint16_t w = words.v[0];
  store_one(bytes, static_cast<std::uint8_t>(w < 255 ? w : 255));
}
CCONV_INLINE void store_scaled_bytes(V<std::uint16_t> words, float scale, std::byte* bytes) {
  const float y = static_cast<float>(words.v[0]) * scale, bounded = y < 255 ? y : 255;
  store_one(bytes, static_cast<std::uint8_t>(bounded + 0x1.8p23f - 0x1.8p23f));
}

// The upper half of a product.
CCONV_INLINE V<std::uint16_t> high_product(V<std::uint16_t> a, V<std::uint16_t> b) {
  return V<std::uint16_t>::fill(static_cast<std::uint16_t>(std::uint32_t{a.v[0]} * b.v[0] >> 16));
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
constexpr int kFilterRows = 2, kFilterVectors = 1;
constexpr int kTallRows = 2, kTallVectors = 1;

}  // namespace
}  // namespace cconv
