// Element types and activations: their names, sizes and kinds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cconv {

enum class Type : std::uint8_t {
  boolean,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  float16,
  bfloat16,
  float32,
  float64,
  complex64,
  complex128,
  other
};
constexpr int kTypes = static_cast<int>(Type::other);

struct TypeTraits {
  const char* name;
  int size;
};

constexpr TypeTraits kTypeTraits[] = {
    {"bool", 1},    {"int8", 1},      {"uint8", 1},       {"int16", 2},
    {"uint16", 2},  {"int32", 4},     {"uint32", 4},      {"int64", 8},
    {"uint64", 8},  {"float16", 2},   {"bfloat16", 2},    {"float32", 4},
    {"float64", 8}, {"complex64", 8}, {"complex128", 16}, {"other", 0}};

constexpr const char* name_of(Type type) { return kTypeTraits[static_cast<int>(type)].name; }
constexpr std::int64_t size_of(Type type) { return kTypeTraits[static_cast<int>(type)].size; }

constexpr bool is_float(Type type) { return type >= Type::float16 && type <= Type::float64; }
constexpr bool is_real_number(Type type) { return type <= Type::float64; }
constexpr bool is_complex(Type type) { return type == Type::complex64 || type == Type::complex128; }
constexpr bool is_signed(Type type) {  // an integer that may be negative
  return type == Type::int8 || type == Type::int16 || type == Type::int32 || type == Type::int64;
}
constexpr bool is_integer(Type type) { return type <= Type::uint64; }  // bool counts as one

// What two element types are summed in, and what the result is stored as.
struct Arithmetic {
  Type sum;
  Type result;
};

// The types of sums, in the order of a kernel table's columns.
constexpr int kSums = 6;
constexpr int sum_index(Type sum) {
  constexpr Type kOrder[kSums] = {Type::float32, Type::float64,   Type::int32,
                                  Type::int64,   Type::complex64, Type::complex128};
  int index = 0;
  while (index < kSums - 1 && kOrder[index] != sum) ++index;
  return index;
}

// The type NumPy promotes two floats to; float16 and bfloat16 meet in float32.
constexpr Type promote_floats(Type a, Type b) {
  if (a == b) return a;
  if (a == Type::float64 || b == Type::float64) return Type::float64;
  return Type::float32;
}

constexpr Arithmetic arithmetic_of(Type src, Type weights) {
  if (is_complex(src) || is_complex(weights)) {
    const auto wide = [](Type t) {
      return t == Type::complex128 || t == Type::float64 || (is_integer(t) && size_of(t) >= 4);
    };
    const Type type = wide(src) || wide(weights) ? Type::complex128 : Type::complex64;
    return {type, type};
  }
  const auto summed = [](Type t) { return t == Type::float64 ? t : Type::float32; };
  if (is_float(src) && is_float(weights)) {
    const Type type = promote_floats(src, weights);
    return {summed(type), type};
  }
  if (is_float(src)) return {summed(src), src};
  if (is_float(weights)) {
    if (size_of(src) >= 4) return {Type::float64, Type::float64};
    return {summed(weights), weights};
  }
  const Type type = size_of(src) == 1 && size_of(weights) == 1 ? Type::int32 : Type::int64;
  return {type, type};
}

template <class R>
struct Complex {
  R real, imaginary;
};

// The first ones do no more than bound (rows::only_bounds).
enum class Activation : std::uint8_t {
  none,
  relu,
  relu6,
  leaky_relu,
  sigmoid,
  tanh,
  silu,
  hardswish,
  gelu
};

}  // namespace cconv
