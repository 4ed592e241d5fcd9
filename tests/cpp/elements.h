// One element of any type in memory, as a number and back: the tests' own reading of the formats.
#pragma once

#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>

#include "problem/types.h"

namespace cconv {

// 16-bit floats as bits: kFraction stored bits of the significand, exponents biased by kBias.
template <int kFraction, int kBias>
struct Bits16 {
  std::uint16_t bits;

  static constexpr std::uint16_t kInfinity = (2 * kBias + 1) << kFraction;

  static bool is_nan(Bits16 h) { return (h.bits & 0x7fff) > kInfinity; }
  friend bool same(Bits16 a, Bits16 b) { return a.bits == b.bits || (is_nan(a) && is_nan(b)); }

  // Of a finite one; past the largest, the power of two that would follow.
  double value() const {
    const int exponent = (bits & 0x7fff) >> kFraction, fraction = bits % (1 << kFraction);
    const double magnitude =
        exponent == 0 ? std::ldexp(fraction, 1 - kBias - kFraction)
                      : std::ldexp((1 << kFraction) + fraction, exponent - kBias - kFraction);
    return bits & 0x8000 ? -magnitude : magnitude;
  }
  operator double() const {
    if (is_nan(*this)) return std::nan("");
    const double finite = value();
    return (bits & 0x7fff) == kInfinity ? std::copysign(INFINITY, finite) : finite;
  }

  // The nearest of all, found by search; of two equally near ones the even.
  static Bits16 nearest(long double value) {
    if (std::isnan(value)) return {static_cast<std::uint16_t>(kInfinity + 1)};
    const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
    const long double magnitude = std::fabs(value);
    std::uint16_t low = 0, high = kInfinity;
    while (high - low > 1) {
      const auto middle = static_cast<std::uint16_t>((low + high) / 2);
      (Bits16{middle}.value() <= magnitude ? low : high) = middle;
    }
    const double tie = (Bits16{low}.value() + Bits16{high}.value()) / 2;
    const bool up = magnitude > tie || (magnitude == tie && low % 2 == 1);
    return {static_cast<std::uint16_t>(sign | (up ? high : low))};
  }
};
using Half = Bits16<10, 15>;
using Bfloat = Bits16<7, 127>;

// Calls f with a value of the C++ type of a type's elements.
template <class F>
auto with_element(Type type, F f) {
  switch (type) {
    case Type::int8:
      return f(std::int8_t{});
    case Type::boolean:
    case Type::uint8:
      return f(std::uint8_t{});
    case Type::int16:
      return f(std::int16_t{});
    case Type::uint16:
      return f(std::uint16_t{});
    case Type::int32:
      return f(std::int32_t{});
    case Type::uint32:
      return f(std::uint32_t{});
    case Type::int64:
      return f(std::int64_t{});
    case Type::uint64:
      return f(std::uint64_t{});
    case Type::float16:
      return f(Half{});
    case Type::bfloat16:
      return f(Bfloat{});
    case Type::float32:
      return f(0.0F);
    case Type::complex64:
      return f(std::complex<float>{});
    case Type::complex128:
      return f(std::complex<double>{});
    default:
      return f(0.0);
  }
}

template <class T>
constexpr bool kIsComplex = false;
template <class R>
constexpr bool kIsComplex<std::complex<R>> = true;

template <class T>
constexpr bool kIsShort = false;
template <int kFraction, int kBias>
constexpr bool kIsShort<Bits16<kFraction, kBias>> = true;

// A number that the type holds exactly.
inline void write_number(Type type, std::complex<double> number, std::byte* to) {
  with_element(type, [&]<class T>(T element) {
    if constexpr (kIsComplex<T>)
      element = static_cast<T>(number);
    else if constexpr (kIsShort<T>)
      element = T::nearest(number.real());
    else
      element = static_cast<T>(number.real());
    std::memcpy(to, &element, sizeof element);
  });
}

inline std::complex<double> read_number(Type type, const std::byte* from) {
  return with_element(type, [&]<class T>(T element) -> std::complex<double> {
    std::memcpy(&element, from, sizeof element);
    if constexpr (kIsComplex<T>)
      return element;
    else
      return static_cast<double>(element);
  });
}

}  // namespace cconv
