// What the tests share: the levels that run here, repeatable random numbers, comparison of bits.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "isa/levels.h"

namespace cconv {

template <class F>
void for_each_level(F f) {
  for (int i = 0; i < kLevels; ++i) {
    const auto level = static_cast<Level>(i);
    if (!runs_here(level)) continue;
    INFO("level ", std::string(name_of(level)));
    f(level);
  }
}

// std::mt19937_64 is the same everywhere, the standard's distributions are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}

  // A whole number in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(bits_() % static_cast<std::uint64_t>(high - low + 1));
  }
  // A number in [-1, 1).
  double unit() { return static_cast<double>(bits_() >> 11) * 0x1p-52 - 1; }
  std::uint64_t bits() { return bits_(); }

 private:
  std::mt19937_64 bits_;
};

// The same bits, or both a NaN.
template <class T>
bool same(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0 || (a != a && b != b);
}
template <class R>
bool same(std::complex<R> a, std::complex<R> b) {
  return same(a.real(), b.real()) && same(a.imag(), b.imag());
}

}  // namespace cconv
