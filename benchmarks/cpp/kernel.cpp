// Compiled once per level.
#include "kernel.h"

#include CCONV_LEVEL_HEADER

namespace cconv::bench {
namespace {

// Enough to hide the latency of two units of arithmetic or of loads; with two operands they fit 16
// registers.
constexpr int kChains = 12;

template <class T>
constexpr double kFlop = 2.0 * kChains * V<T>::kLanes;

template <class T>
CCONV_INLINE T sum_of(const V<T> (&acc)[kChains]) {
  V<T> all = acc[0];
  for (int i = 1; i < kChains; ++i) all = all + acc[i];
  T lanes[V<T>::kLanes];
  all.store(lanes);
  T sum = 0;
  for (const T lane : lanes) sum += lane;
  return sum;
}

template <class T>
T chains(std::int64_t steps, T a, T b) {
  const V<T> va = V<T>::fill(a), vb = V<T>::fill(b);
  V<T> acc[kChains];
#pragma GCC unroll 64
  for (int i = 0; i < kChains; ++i) acc[i] = V<T>::fill(static_cast<T>(i));
  for (std::int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 64
    for (int i = 0; i < kChains; ++i) acc[i] = fma(acc[i], va, vb);
  }
  return sum_of<T>(acc);
}

float read(const std::byte* numbers, std::int64_t bytes) {
  constexpr std::int64_t kBytes = sizeof(V<float>), kGroup = kChains * kBytes;
  V<float> acc[kChains];
#pragma GCC unroll 64
  for (int i = 0; i < kChains; ++i) acc[i] = V<float>::fill(0);
  for (std::int64_t at = 0; at + kGroup <= bytes; at += kGroup) {
#pragma GCC unroll 64
    for (int i = 0; i < kChains; ++i) acc[i] = acc[i] + V<float>::load(numbers + at + i * kBytes);
  }
  return sum_of<float>(acc);
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {kFlop<float>, kFlop<double>, chains<float>, chains<double>,
                                    read};

}  // namespace cconv::bench
