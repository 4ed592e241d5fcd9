// Element types and activations: their names, sizes and kinds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cconv {

enum class Type : std::uint8_t {
  boolean, int8, uint8, int16, uint16, int32, uint32, int64, uint64,
  float16, bfloat16, float32, float64, complex64, complex128, other
};
constexpr int kTypes = static_cast<int>(Type::other);

struct TypeTraits {
  const char* name;
  int size;
};

constexpr TypeTraits kTypeTraits[] = {
    {"bool", 1},    {"int8", 1},     {"uint8", 1},   {"int16", 2},   {"uint16", 2},
    {"int32", 4},   {"uint32", 4},   {"int64", 8},   {"uint64", 8},  {"float16", 2},
    {"bfloat16", 2}, {"float32", 4}, {"float64", 8}, {"complex64", 8}, {"complex128", 16},
    {"other", 0}};

constexpr const char* name_of(Type type) { return kTypeTraits[static_cast<int>(type)].name; }
constexpr std::int64_t size_of(Type type) { return kTypeTraits[static_cast<int>(type)].size; }

constexpr bool is_float(Type type) { return type >= Type::float16 && type <= Type::float64; }
constexpr bool is_real_number(Type type) { return type <= Type::float64; }
// Types that the core reads.
constexpr bool is_loaded(Type type) {
  return type <= Type::uint64 || type == Type::float32 || type == Type::float64;
}

enum class Activation : std::uint8_t {
  none, relu, relu6, leaky_relu, sigmoid, tanh, silu, hardswish, gelu
};

}  // namespace cconv
