// What all rooms' estimates of time have in common.
#pragma once

#include <algorithm>

#include "algorithms/rows/kernel.h"
#include "problem/problem.h"

namespace cconv::rows {

// Of one multiply-add in the lanes of a vector, on one thread.  Seconds here and in the rooms' own
// estimates are fitted to benchmarks/cpp on the corpus, where the room was forced (Zen 4, AVX-512);
// what counts is their ratio.
inline double seconds_per_product(const Problem& p) {
  constexpr double kSeconds = 0.019e-9;  // of a float32, in vectors of
  constexpr double kVectorBytes = 32;    // at least so many bytes
  const double narrow = std::max(1.0, kVectorBytes / kernels().vector_bytes);
  const double size = static_cast<double>(size_of(p.sum_type));
  return kSeconds * narrow * (is_complex(p.sum_type) ? size / 2 : size / 4);
}

inline double outputs_of(const Problem& p) {
  return static_cast<double>(p.N) * static_cast<double>(p.OC) * static_cast<double>(p.outputs());
}

// Of nothing but the arithmetic.
inline double least_seconds(const Problem& p) {
  return outputs_of(p) * static_cast<double>(p.terms()) * seconds_per_product(p);
}

}  // namespace cconv::rows
