// Activations that do no more than bound a sum (relu, relu6): kernels apply them as they store it.
#pragma once

namespace cconv::rows {

// Unsigned ones are the bits of signed integers, and bound sums that are too.
template <class T>
struct Bounds {
  bool apply = false;
  T low{}, high{};
};

// Bounds the sums of a register tile, vectors W of T.
template <class T, class W, int kRows, int kVectors>
__attribute__((always_inline)) inline void bound(const Bounds<T>& bounds,
                                                 W (&sums)[kRows][kVectors]) {
  if (!bounds.apply) return;
  const W low = W::fill(bounds.low), high = W::fill(bounds.high);
#pragma GCC unroll 64
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) sums[i][j] = clamp(sums[i][j], low, high);
  }
}

}  // namespace cconv::rows
