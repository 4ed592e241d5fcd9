// One element of each type: read from memory, cast, written back.
#pragma once

#include "isa/vec.h"
#include "problem/types.h"

namespace cconv::rows {
namespace {

// Types that C++ has no arithmetic for, kept as bits.
struct Half {
  std::uint16_t bits;
};
struct Bfloat {
  std::uint16_t bits;
};

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

CCONV_INLINE std::int32_t bits_of(float value) {
  std::int32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}
CCONV_INLINE std::int64_t bits_of(double value) {
  std::int64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}
CCONV_INLINE float from_bits(std::int32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
CCONV_INLINE double from_bits(std::int64_t bits) {
  double value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// condition ? a : b, without the branch that keeps a loop from being made of vectors.
template <class I>
CCONV_INLINE I choose(bool condition, I a, I b) {
  return b ^ ((a ^ b) & -static_cast<I>(condition));
}

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

// The same of a float.  These four compute with no subnormal float, which a processor may have been
// told to take for zero.
CCONV_INLINE std::uint16_t to_short(float value, Bfloat*) {
  const std::int32_t bits = bits_of(value), magnitude = bits & 0x7fff'ffff;
  const std::uint32_t odd = magnitude >> 16 & 1;
  const std::uint32_t rounded = (static_cast<std::uint32_t>(magnitude) + 0x7fff + odd) >> 16;
  return static_cast<std::uint16_t>(
      (bits >> 16 & 0x8000) |
      choose(magnitude > 0x7f80'0000, 0x7fc0, static_cast<std::int32_t>(rounded)));
}

CCONV_INLINE std::uint16_t to_short(float value, Half*) {
  constexpr std::int32_t kNormal = (127 - 14) << 23, kInfinite = (127 + 16) << 23;
  const std::int32_t bits = bits_of(value), magnitude = bits & 0x7fff'ffff;
  const std::int32_t odd = magnitude >> 13 & 1;
  const std::int32_t normal = (magnitude - ((127 - 15) << 23) + 0xfff + odd) >> 13;
  // Just below 1 the last bit of a float is worth that of a subnormal half.
  const std::int32_t subnormal = bits_of(from_bits(magnitude) + 0.5f) - bits_of(0.5f);
  const std::int32_t finite = choose(magnitude < kNormal, subnormal, normal);
  const std::int32_t other = choose(magnitude > 0x7f80'0000, 0x7e00, 0x7c00);
  return static_cast<std::uint16_t>((bits >> 16 & 0x8000) |
                                    choose(magnitude < kInfinite, finite, other));
}

CCONV_INLINE float from_short(std::uint16_t bits, Bfloat*) {
  return from_bits(static_cast<std::int32_t>(static_cast<std::uint32_t>(bits) << 16));
}

CCONV_INLINE float from_short(std::uint16_t bits, Half*) {
  const auto sign = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits & 0x8000) << 16);
  const std::int32_t magnitude = (bits & 0x7fff) << 13;
  // To the exponent's other bias; from the largest, of infinity and NaN, to the largest.
  const std::int32_t bias = choose(magnitude < 0x7c00 << 13, (127 - 15) << 23, (255 - 31) << 23);
  // 2^-14 (1 + fraction) - 2^-14: subnormal halves have no leading one.
  const std::int32_t subnormal = bits_of(from_bits(magnitude + ((127 - 14) << 23)) - 0x1p-14f);
  return from_bits(sign | choose(magnitude < 0x400 << 13, subnormal, magnitude + bias));
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

// An integer near enough that rounding it to a short float rounds the exact one: bits past a
// double's 53 leave their trace in the last.
CCONV_INLINE double sticky_double(std::int64_t value) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  if (value > -kExact && value < kExact) return static_cast<double>(value);
  return static_cast<double>(value >> 11 | ((value & 0x7ff) != 0)) * 2048;
}

// The integers of a type.
template <class T>
struct Range {
  static constexpr bool kSigned = T(-1) < T(0);
  static constexpr int kBits = 8 * static_cast<int>(sizeof(T)) - kSigned;
  static constexpr T kMost = static_cast<T>(~std::uint64_t{0} >> (64 - kBits));
  static constexpr T kLeast = kSigned ? static_cast<T>(-kMost - 1) : T(0);
};

// To the nearest integer of up to 32 bits, half to even; NaN becomes 0.
template <class To, class From>
CCONV_INLINE To round_saturated(From value) {
  constexpr From kLeast = Range<To>::kLeast, kMost = Range<To>::kMost;
  auto bits = choose(value == value, bits_of(value), Bits<From>(0));
  bits = choose(value < kLeast, bits_of(kLeast), bits);
  bits = choose(value > kMost, bits_of(kMost), bits);
  // A sum whose last bit is worth 1 ends in the integer, in two's complement.
  constexpr From kOnes = sizeof(From) == 4 ? 0x1.8p23 : 0x1.8p52;
  return static_cast<To>(bits_of(from_bits(bits) + kOnes));
}

// To an integer of 64 bits.
template <class To>
CCONV_INLINE To round_saturated_wide(double value) {
  constexpr double kPast = Range<To>::kSigned ? 0x1p63 : 0x1p64;
  if (value != value) return 0;
  const double rounded = __builtin_rint(value);
  if (rounded >= kPast) return Range<To>::kMost;
  if (rounded <= static_cast<double>(Range<To>::kLeast)) return Range<To>::kLeast;
  return static_cast<To>(rounded);
}

// An integer to one of another range.
template <class To, class From>
CCONV_INLINE To clamp(From value) {
  constexpr bool kBelow = Range<To>::kBits < Range<From>::kBits;
  constexpr From kMost = kBelow ? static_cast<From>(Range<To>::kMost) : Range<From>::kMost;
  constexpr bool kAll = Range<To>::kSigned && !kBelow;
  constexpr From kLeast = kAll ? Range<From>::kLeast : static_cast<From>(Range<To>::kLeast);
  const From above = value < kLeast ? kLeast : value;
  return static_cast<To>(above > kMost ? kMost : above);
}

// To an integer: floats round half to even, all saturate, NaN becomes 0.
template <class To, class From>
CCONV_INLINE To saturate(From value) {
  if constexpr (kInteger<From>)
    return clamp<To>(value);
  else if constexpr (sizeof(To) == 8)
    return round_saturated_wide<To>(value);
  else if constexpr (sizeof(To) == 4)
    return round_saturated<To>(static_cast<double>(value));
  else
    return round_saturated<To>(value);
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
    else if constexpr (kSame<From, float>)
      return to_short(value, static_cast<To*>(nullptr));
    else
      return to_short<To>(value);
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
