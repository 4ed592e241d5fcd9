// One element of each type: read from memory, cast, written back.
#pragma once

#include "isa/vec.h"
#include "problem/types.h"

namespace cconv::rows {
namespace {

// Types that C++ has no arithmetic for, kept as bits.
struct Half;
struct Bfloat;

// Every element type: name in Type, type here.
// clang-format off
#define CCONV_ELEMENTS(X)                                                   \
  X(boolean, std::uint8_t)                                                  \
  X(int8, std::int8_t) X(uint8, std::uint8_t)                               \
  X(int16, std::int16_t) X(uint16, std::uint16_t)                           \
  X(int32, std::int32_t) X(uint32, std::uint32_t)                           \
  X(int64, std::int64_t) X(uint64, std::uint64_t)                           \
  X(float16, Half) X(bfloat16, Bfloat) X(float32, float) X(float64, double) \
  X(complex64, Complex<float>) X(complex128, Complex<double>)
// clang-format on

template <class A, class B>
constexpr bool kSame = false;
template <class A>
constexpr bool kSame<A, A> = true;

template <class T>
constexpr bool kComplex = false;
template <class R>
constexpr bool kComplex<Complex<R>> = true;

template <class T>
constexpr bool kFloat = kSame<T, float> || kSame<T, double> || kSame<T, Half> || kSame<T, Bfloat>;
template <class T>
constexpr bool kInteger = !kFloat<T> && !kComplex<T>;

// Float formats of 16 bits: kFraction stored bits of the significand, exponents biased by kBias.
template <class T>
struct Short;
template <>
struct Short<Half> {
  static constexpr int kFraction = 10, kBias = 15;
};
template <>
struct Short<Bfloat> {
  static constexpr int kFraction = 7, kBias = 127;
};

// The nearest short float, ties to even, in one step from the full double.
template <class T>
CCONV_INLINE std::uint16_t to_short(double value) {
  constexpr int kFraction = Short<T>::kFraction, kBias = Short<T>::kBias;
  constexpr auto kInfinity = static_cast<std::uint16_t>((2 * kBias + 1) << kFraction);
  std::uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const auto sign = static_cast<std::uint16_t>(bits >> 48 & 0x8000);
  const std::uint64_t magnitude = bits & 0x7fff'ffff'ffff'ffff;
  if (magnitude > 0x7ff0'0000'0000'0000)  // NaN, made quiet
    return static_cast<std::uint16_t>(sign | kInfinity | 1 << (kFraction - 1));
  const int exponent = static_cast<int>(magnitude >> 52) - 1023;
  if (exponent > kBias) return sign | kInfinity;
  const int least = 1 - kBias;  // the exponent of the smallest normal number
  if (exponent < least - kFraction - 1) return sign;
  // The significand loses the bits the format lacks, more where the result is subnormal.
  const int lost = 52 - kFraction + (exponent < least ? least - exponent : 0);
  const std::uint64_t significand = (magnitude & 0xf'ffff'ffff'ffff) | 1ull << 52;
  const std::uint64_t kept = significand >> lost;
  const std::uint64_t rest = significand & ((1ull << lost) - 1);
  const std::uint64_t tie = 1ull << (lost - 1);
  const std::uint64_t rounded = kept + (rest > tie || (rest == tie && (kept & 1)));
  // A carry out of the significand is a carry into the exponent, up to infinity.
  const std::uint64_t base =
      exponent < least ? 0 : static_cast<std::uint64_t>(exponent - least) << kFraction;
  return static_cast<std::uint16_t>(sign | (base + rounded));
}

CCONV_INLINE float from_bits32(std::uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

CCONV_INLINE float from_short(std::uint16_t bits, Bfloat*) {
  return from_bits32(static_cast<std::uint32_t>(bits) << 16);
}

CCONV_INLINE float from_short(std::uint16_t bits, Half*) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
  const std::uint32_t magnitude = bits & 0x7fff;
  if (magnitude >= 0x7c00)  // infinity and NaN: the largest exponent
    return from_bits32(sign | 0x7f80'0000 | (magnitude & 0x3ff) << 13);
  if (magnitude >= 0x400) return from_bits32(sign | ((magnitude << 13) + (112u << 23)));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24f;
  return sign ? -subnormal : subnormal;
}

template <class E>
CCONV_INLINE auto read(const std::byte* element) {
  if constexpr (kSame<E, Half> || kSame<E, Bfloat>) {
    return from_short(load_one<std::uint16_t>(element), static_cast<E*>(nullptr));
  } else if constexpr (kComplex<E>) {
    using R = decltype(E::real);
    return E{load_one<R>(element), load_one<R>(element + sizeof(R))};
  } else {
    return load_one<E>(element);
  }
}

template <class R>
CCONV_INLINE void write(std::byte* element, Complex<R> value) {
  store_one(element, value.real);
  store_one(element + sizeof(R), value.imaginary);
}
template <class T>
CCONV_INLINE void write(std::byte* element, T value) {
  store_one(element, value);
}

CCONV_INLINE float round_half_even(float value) { return __builtin_rintf(value); }
CCONV_INLINE double round_half_even(double value) { return __builtin_rint(value); }

// An integer near enough that rounding it to a short float rounds the exact one: bits past a
// double's 53 leave their trace in the last.
CCONV_INLINE double sticky_double(std::int64_t value) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  if (value > -kExact && value < kExact) return static_cast<double>(value);
  return static_cast<double>(value >> 11 | ((value & 0x7ff) != 0)) * 2048;
}

// To an integer of limited range: floats round half to even, all saturate, NaN becomes 0.
template <class To, class From>
CCONV_INLINE To saturate(From value) {
  constexpr bool kSigned = To(-1) < To(0);
  constexpr int kBits = 8 * static_cast<int>(sizeof(To)) - kSigned;
  constexpr std::uint64_t kMost = ~std::uint64_t{0} >> (64 - kBits);
  constexpr To kLeast = kSigned ? static_cast<To>(-static_cast<To>(kMost) - 1) : To(0);
  if constexpr (kFloat<From>) {
    constexpr From kPast =
        From(std::uint64_t{1} << (kBits - 1)) * 2;  // the power of two after kMost
    if (value != value) return To(0);
    const From rounded = round_half_even(value);
    if (rounded >= kPast) return static_cast<To>(kMost);
    if (rounded <= static_cast<From>(kLeast)) return kLeast;
    return static_cast<To>(rounded);
  } else {
    if (value < 0) {
      if (!kSigned) return To(0);
      return static_cast<std::int64_t>(value) < static_cast<std::int64_t>(kLeast)
                 ? kLeast
                 : static_cast<To>(value);
    }
    return static_cast<std::uint64_t>(value) > kMost ? static_cast<To>(kMost)
                                                     : static_cast<To>(value);
  }
}

// A sum as an element of type To, or its bits.
template <class To, class From>
CCONV_INLINE auto cast(From value) {
  if constexpr (kComplex<To>) {
    using R = decltype(To::real);
    if constexpr (kComplex<From>)
      return To{static_cast<R>(value.real), static_cast<R>(value.imaginary)};
    else
      return To{static_cast<R>(value), R(0)};
  } else if constexpr (kSame<To, Half> || kSame<To, Bfloat>) {
    if constexpr (kInteger<From>)
      return to_short<To>(sticky_double(value));
    else
      return to_short<To>(static_cast<double>(value));
  } else if constexpr (kFloat<To>) {
    return static_cast<To>(value);
  } else {
    return saturate<To>(value);
  }
}

// An element as a term of a sum, which holds it exactly or as near as it can; 64-bit integers wrap.
template <class Sum, class From>
CCONV_INLINE Sum widen(From value) {
  if constexpr (kComplex<Sum> || kComplex<From>)
    return cast<Sum>(value);
  else
    return static_cast<Sum>(value);
}

}  // namespace
}  // namespace cconv::rows
