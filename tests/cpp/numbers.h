// What the tests of inner loops share: random numbers in memory, the multiply-add of a level.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>
#include <type_traits>

#include "algorithms/rows/bounds.h"
#include "cases.h"

namespace cconv {

// Real numbers, or integers of any size, whose sums wrap.
template <class T>
T any_number(Random& random) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(random.bits());
  else
    return static_cast<T>(random.unit());
}

// At any address.
template <class T>
T number_at(const std::byte* from, std::int64_t index) {
  T value;
  std::memcpy(&value, from + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <class T>
void fill_numbers(std::byte* to, std::int64_t count, Random& random) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T value = any_number<T>(random);
    std::memcpy(to + i * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
  }
}

// a * b + c, rounded once where the level fuses.
template <class T>
T multiply_add(Level level, T a, T b, T c) {
  if constexpr (std::is_floating_point_v<T>) {
    const std::string_view name = name_of(level);
    if (name != "scalar" && name != "sse2") return std::fma(a, b, c);
  }
  return a * b + c;
}

// Bounds that sums of random numbers exceed on both sides, every other time.
template <class T>
rows::Bounds<T> any_bounds(Random& random) {
  const bool apply = random.between(0, 1) == 1;
  if constexpr (std::is_integral_v<T>)
    return {apply, static_cast<T>(-1) / 8 * 7, static_cast<T>(-1) / 4};
  else
    return {apply, T(-0.25), T(0.5)};
}

template <class T>
T bounded(T y, const rows::Bounds<T>& bounds) {
  if (!bounds.apply) return y;
  if constexpr (std::is_integral_v<T>) {
    using Signed = std::make_signed_t<T>;
    return static_cast<T>(std::clamp(static_cast<Signed>(y), static_cast<Signed>(bounds.low),
                                     static_cast<Signed>(bounds.high)));
  } else {
    return std::clamp(y, bounds.low, bounds.high);
  }
}

}  // namespace cconv
