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

CCONV_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
CCONV_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
  return {vfmaq_f64(c.v, a.v, b.v)};
}

constexpr bool kHalfVectors = false;
template <class T>
using HalfV = V<T>;

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
