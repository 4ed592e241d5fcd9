// A row of sums of any type: how it is multiplied and finished.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "algorithms/rows/bounds.h"
#include "algorithms/rows/kernel.h"
#include "problem/problem.h"

namespace cconv::rows {

// By the type of the sum: the type its products are computed in, the type it has after an
// activation that it does not take itself, and the kernel that finishes it.
template <class T>
struct Sum;
template <>
struct Sum<float> {
  using Product = float;
  using Finished = float;
  static constexpr Type kType = Type::float32;
  static auto finish() { return kernels().finish_float32; }
};
template <>
struct Sum<double> {
  using Product = double;
  using Finished = double;
  static constexpr Type kType = Type::float64;
  static auto finish() { return kernels().finish_float64; }
};
template <>
struct Sum<std::int32_t> {
  using Product = std::uint32_t;
  using Finished = float;
  static constexpr Type kType = Type::int32;
  static auto finish() { return kernels().finish_int32; }
};
template <>
struct Sum<std::int64_t> {
  using Product = std::uint64_t;
  using Finished = double;
  static constexpr Type kType = Type::int64;
  static auto finish() { return kernels().finish_int64; }
};
template <>
struct Sum<Complex<float>> {
  using Product = float;
  using Finished = Complex<float>;
  static constexpr Type kType = Type::complex64;
  static auto finish() { return kernels().finish_complex64; }
  static auto rotate() { return kernels().rotate_complex64; }
};
template <>
struct Sum<Complex<double>> {
  using Product = double;
  using Finished = Complex<double>;
  static constexpr Type kType = Type::complex128;
  static auto finish() { return kernels().finish_complex128; }
  static auto rotate() { return kernels().rotate_complex128; }
};

// f(T{}) for the type T of real sums.
template <class F>
auto with_sum_type(const Problem& p, const F& f) {
  switch (p.sum_type) {
    case Type::float64:
      return f(double{});
    case Type::int32:
      return f(std::int32_t{});
    case Type::int64:
      return f(std::int64_t{});
    default:
      return f(float{});
  }
}

// Whether an activation, or none, does no more than bound sums, in their own type.
constexpr bool only_bounds(Activation activation) { return activation <= Activation::relu6; }

template <class T>
Bounds<typename Sum<T>::Product> bounds_of(const Problem& p) {
  if (p.activation == Activation::none || !only_bounds(p.activation)) return {};
  using Product = typename Sum<T>::Product;
  const Product largest = std::is_integral_v<T> ? static_cast<Product>(-1) / 2
                                                : std::numeric_limits<Product>::infinity();
  return {true, Product(0), p.activation == Activation::relu6 ? Product(6) : largest};
}

// The type sums are in when they are finished.
template <class T>
Type finished_type(const Problem& p) {
  return only_bounds(p.activation) ? Sum<T>::kType : Sum<typename Sum<T>::Finished>::kType;
}

// A row of integers becomes, in place, the activation of the floats they are.
template <class T>
void activate_as_floats(const Problem& p, T* row, std::int64_t count) {
  using Finished = typename Sum<T>::Finished;
  static_assert(sizeof(Finished) == sizeof(T));
  constexpr std::int64_t kSize = sizeof(T), kPiece = 256;
  const Load to_float =
      kernels().load[static_cast<int>(Sum<T>::kType)][sum_index(Sum<Finished>::kType)];
  Finished piece[kPiece];
  for (std::int64_t i = 0; i < count; i += kPiece) {
    const std::int64_t n = std::min(kPiece, count - i);
    to_float({reinterpret_cast<const std::byte*>(row + i), 0, kSize, 1, n}, piece, n);
    std::memcpy(row + i, piece, static_cast<std::size_t>(n * kSize));
  }
  Sum<Finished>::finish()(reinterpret_cast<Finished*>(row), count,
                          {Finished(0), p.activation, static_cast<Finished>(p.slope)});
}

// Adds the bias and applies the activation to `count` sums of a row of whole vectors, in place.
template <class T>
void finish(const Problem& p, T bias, T* row, std::int64_t count) {
  Finish<T> last{bias, p.activation, {}};
  if constexpr (std::is_floating_point_v<T>) last.slope = static_cast<T>(p.slope);
  if constexpr (std::is_integral_v<T>) {
    if (!only_bounds(p.activation)) {
      last.activation = Activation::none;
      Sum<T>::finish()(row, count, last);
      return activate_as_floats(p, row, count);
    }
  }
  Sum<T>::finish()(row, count, last);
}

}  // namespace cconv::rows
