// Level scalar: plain C++, one lane, anywhere.
#pragma once

#include "isa/vec.h"

namespace cconv {
namespace {

template <class T>
using V = Vec<T, 1>;

// No fused instruction to rely on: product and sum are rounded one after the other.
template <class T>
CCONV_INLINE V<T> fma(V<T> a, V<T> b, V<T> c) {
  return {a.v * b.v + c.v};
}

// Accumulators of direct's register tile: output channels x vectors of positions.
constexpr int kDirectChannels = 4;
constexpr int kDirectVectors = 2;

}  // namespace
}  // namespace cconv
