// What all rooms' estimates of time have in common.
#pragma once

#include <algorithm>

#include "problem/problem.h"

namespace cconv::rows {

// Of one multiply-add in lanes of the sum's type, on one thread.  Seconds here and in the rooms'
// cost.h are fitted to benchmarks/cpp on the corpus, where the room was forced (Zen 4, AVX-512);
// what counts is their ratio.
inline double seconds_per_product(const Problem& p, std::int64_t lanes) {
  constexpr double kSeconds = 0.019e-9;
  constexpr double kLanes = 16;  // of a level that reaches this rate, or half as many
  const double narrow = std::max(1.0, kLanes / 2 / static_cast<double>(lanes));
  const double products = is_complex(p.sum_type) ? 4 : 1;
  const double wide = static_cast<double>(size_of(p.sum_type)) / (is_complex(p.sum_type) ? 8 : 4);
  return kSeconds * narrow * products * wide;
}

inline double outputs_of(const Problem& p) {
  return static_cast<double>(p.N) * static_cast<double>(p.OC) * static_cast<double>(p.outputs());
}

}  // namespace cconv::rows
