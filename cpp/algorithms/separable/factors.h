// Weights as the product of a column and a row, or the sum of a few, within rounding.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <type_traits>
#include <vector>

#include "algorithms/separable/kernel.h"

namespace cconv::separable {

constexpr std::int64_t kMostTaps = 1 << 20;

// Whether all are one and the same finite number other than zero.
template <class T>
bool is_constant(const T* weights, std::int64_t count) {
  if (weights[0] == T(0) || weights[0] - weights[0] != T(0)) return false;
  for (std::int64_t i = 1; i < count; ++i)
    if (weights[i] != weights[0]) return false;
  return true;
}

// weights[i][j] = column[i] * row[j]; whether it is so, else the factors are of no use.
//
// Integers: exactly.  Floats: each product is off by no more than a few roundings of its weight, or
// of what is a share of the largest weight; those that are zero are of zero products, and signs
// are kept, so that an infinity of the input has the same part in a sum either way.  No sum of
// column[i] * x[i] overflows unless those of the weights do.
template <class T>
bool factor(const T* weights, std::int64_t rows, std::int64_t columns, T* column, T* row) {
  using Wide = typename std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>,
                                           std::common_type<double>>::type;
  const std::int64_t count = rows * columns;
  std::int64_t pivot = 0;
  Wide largest = 0, total = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const Wide size = weights[i] < 0 ? -static_cast<Wide>(weights[i]) : Wide(weights[i]);
    total += size;
    if (size > largest) largest = size, pivot = i;
  }
  const T* const of_row = weights + pivot / columns * columns;
  const T* const of_column = weights + pivot % columns;

  if constexpr (std::is_integral_v<T>) {
    // The column without its common divisor: rows of integers are whole multiples of such ones.
    if (largest == 0 || largest > Wide(std::numeric_limits<T>::max())) return false;
    T divisor = 0;
    for (std::int64_t i = 0; i < rows; ++i) divisor = std::gcd(divisor, of_column[i * columns]);
    if (weights[pivot] < 0) divisor = -divisor;
    const T unit = weights[pivot] / divisor;
    for (std::int64_t i = 0; i < rows; ++i) column[i] = of_column[i * columns] / divisor;
    for (std::int64_t j = 0; j < columns; ++j) row[j] = of_row[j] / unit;
    for (std::int64_t i = 0; i < count; ++i)
      if (Wide(column[i / columns]) * Wide(row[i % columns]) != Wide(weights[i])) return false;
    return true;
  } else {
    if (!(largest > 0 && std::isfinite(total))) return false;
    double size = 0;
    for (std::int64_t i = 0; i < rows; ++i) size += std::abs(double(of_column[i * columns]));
    const double scale = std::exp2(std::floor(std::log2(std::max(total, 1.0) / size)));
    for (std::int64_t i = 0; i < rows; ++i) column[i] = T(of_column[i * columns] * scale);
    for (std::int64_t j = 0; j < columns; ++j)
      row[j] = T(of_row[j] / double(weights[pivot]) / scale);
    constexpr double kRoundings = 4 * double(std::numeric_limits<T>::epsilon());
    const double share = largest / static_cast<double>(count);
    for (std::int64_t i = 0; i < count; ++i) {
      const double weight = weights[i],
                   product = double(column[i / columns]) * double(row[i % columns]);
      if (!(std::abs(product - weight) <= kRoundings * (std::abs(weight) + share))) return false;
      if ((product > 0) != (weight > 0) || (product < 0) != (weight < 0)) return false;
    }
    return true;
  }
}

// Floats as the sum of a few such products, one after the other in column and row: how many, from 2
// to `most`, or 0.  Each product takes the row and the column of the largest of what is left
// (M. Bebendorf, "Approximation of boundary element matrices", 2000).
//
// A sum is off by no more than a few roundings of the largest weight, and products are together at
// most kGrowth times the weights.  Of an infinity they may make NaN where the weights do not.
constexpr std::int64_t kMostRank = 4;
template <class T>
std::int64_t factor_low(const T* weights, std::int64_t rows, std::int64_t columns,
                        std::int64_t most, T* column, T* row) {
  constexpr std::int64_t kFewest = 7, kMost = 1 << 12;  // rows and columns, weights
  constexpr double kRoundings = 4 * double(std::numeric_limits<T>::epsilon()), kGrowth = 4;
  const std::int64_t count = rows * columns;
  if (std::min(rows, columns) < kFewest || count > kMost) return 0;
  using Wide = std::conditional_t<sizeof(T) < sizeof(double), double, long double>;
  std::vector<Wide> residual(weights, weights + count);
  std::vector<double> error(weights, weights + count);  // of the products as they are rounded
  const auto size = [](Wide a) { return static_cast<double>(std::abs(a)); };
  const auto smaller = [&](Wide a, Wide b) { return size(a) < size(b); };
  double total = 0, largest = 0, products = 0;
  for (const Wide weight : residual)
    total += size(weight), largest = std::max(largest, size(weight));
  if (!(largest > 0 && std::isfinite(total))) return 0;

  for (std::int64_t rank = 1; rank <= most; ++rank, column += rows, row += columns) {
    const Wide* const pivot = &*std::max_element(residual.begin(), residual.end(), smaller);
    if (*pivot == 0) return 0;
    const Wide scale = std::exp2(std::round(std::log2(size(*pivot)) / 2));  // about even shares
    const Wide* const of_row = &residual[0] + (pivot - &residual[0]) / columns * columns;
    const Wide* const of_column = &residual[0] + (pivot - &residual[0]) % columns;
    std::vector<Wide> down, along;
    for (std::int64_t i = 0; i < rows; ++i) down.push_back(of_column[i * columns] / scale);
    for (std::int64_t j = 0; j < columns; ++j) along.push_back(of_row[j] / *pivot * scale);
    std::copy(down.begin(), down.end(), column);
    std::copy(along.begin(), along.end(), row);
    double off = 0;
    std::size_t i = 0;
    for (std::size_t r = 0; r < down.size(); ++r)
      for (std::size_t c = 0; c < along.size(); ++c, ++i) {
        const double product = double(column[r]) * double(row[c]);
        residual[i] -= down[r] * along[c];
        error[i] -= product;
        products += std::abs(product);
        off = std::max(off, std::abs(error[i]));
      }
    if (products > kGrowth * total) return 0;
    if (off <= kRoundings * largest) return rank > 1 ? rank : 0;
  }
  return 0;
}

// Weights that are not negative as whole numbers, scale * column[i] * row[j], so small that sums of
// bytes, and what rounds them, fit 16 bits; or else all 1, and those of `fitting` columns do.
struct SmallFactors {
  std::vector<std::uint16_t> column, row;
  std::int64_t fitting = 0;  // columns
  float scale = 0;
  int shift = -1;     // scale is 2^-shift, if not negative
  Quotient quotient;  // by the inverse of the scale

  bool fit() const { return !column.empty(); }
};

// `count` values as multiples of their greatest common unit, within rounding; empty if they have
// none or these are large.
template <class T>
std::vector<std::uint16_t> multiples(const T* values, std::int64_t step, std::int64_t count) {
  constexpr double kOff = 1e-6, kMost = 257;
  double least = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<double>(values[i * step]);
    if (!(value >= 0)) return {};
    if (value > 0 && (least == 0 || value < least)) least = value;
  }
  if (least == 0) return {};
  for (int of_least = 1; of_least <= 8; ++of_least) {
    std::vector<std::uint16_t> found;
    for (std::int64_t i = 0; i < count; ++i) {
      const double multiple = static_cast<double>(values[i * step]) / least * of_least;
      const double whole = std::nearbyint(multiple);
      if (whole > kMost || std::abs(multiple - whole) > kOff * whole) break;
      found.push_back(static_cast<std::uint16_t>(whole));
    }
    if (found.size() == static_cast<std::size_t>(count)) return found;
  }
  return {};
}

// Division of numbers up to `most` by the inverse of a scale, if that is an odd number within
// rounding: no quotient is halfway between two, and products with the scale round as it does.
inline Quotient quotient_of(double scale, double most) {
  constexpr double kOff = 2.5e-7, kMostDivisor = 1 << 10;
  const double divisor = std::nearbyint(1 / scale);
  if (!(divisor >= 3 && divisor <= kMostDivisor) || std::abs(divisor * scale - 1) > kOff) return {};
  if (std::fmod(divisor, 2) == 0) return {};
  const double half = (divisor - 1) / 2;
  for (int shift = 0; shift < 16; ++shift) {
    const double power = std::exp2(16 + shift), factor = std::ceil(power / divisor);
    if (factor > 65535 || most + half > 65535) return {};
    if ((factor * divisor - power) * (most + half) < power)
      return {static_cast<std::uint16_t>(half), static_cast<std::uint16_t>(factor), shift};
  }
  return {};
}

// Of weights that `factor` takes: of floats as near to them as its factors, of integers exactly.
template <class T>
SmallFactors small_factors(const T* weights, std::int64_t rows, std::int64_t columns) {
  constexpr double kMostScale = 1 << 14;
  const std::int64_t count = rows * columns;
  const std::int64_t pivot = std::max_element(weights, weights + count) - weights;
  SmallFactors f;
  f.column = multiples(weights + pivot % columns, columns, rows);
  f.row = multiples(weights + pivot / columns * columns, 1, columns);
  if (f.column.empty() || f.row.empty()) return {};
  const auto product = [&](std::int64_t i) {
    return double(f.column[static_cast<std::size_t>(i / columns)]) *
           double(f.row[static_cast<std::size_t>(i % columns)]);
  };
  f.scale = static_cast<float>(static_cast<double>(weights[pivot]) / product(pivot));
  int exponent;
  if (std::frexp(f.scale, &exponent) == 0.5f && exponent <= 1 && exponent > -15)
    f.shift = 1 - exponent;
  double total = 0;
  const double share = static_cast<double>(weights[pivot]) / static_cast<double>(count);
  const double off = 4 * double(std::numeric_limits<T>::epsilon());  // 0 of integers
  for (std::int64_t i = 0; i < count; ++i) {
    const auto weight = static_cast<double>(weights[i]);
    total += product(i);
    if (!(std::abs(f.scale * product(i) - weight) <= off * (weight + share))) return {};
    if ((product(i) > 0) != (weight > 0)) return {};
  }
  const double half = f.shift > 0 ? 1 << (f.shift - 1) : 0;
  const bool exact = f.shift >= 0 || !std::is_same_v<T, double>;  // the scale, in T
  constexpr double kMost = 65535, kMostExact = 1 << 24;           // the latter: of floats
  f.fitting = columns;
  if (255 * total + half > kMost) {
    constexpr std::int64_t kMostFits = 12;  // more are slower than floats
    const auto is_one = [](std::uint16_t weight) { return weight == 1; };
    const bool ones = std::all_of(f.column.begin(), f.column.end(), is_one) &&
                      std::all_of(f.row.begin(), f.row.end(), is_one);
    f.fitting = std::min(static_cast<std::int64_t>(kMost / 255) / rows, columns - 1);
    if (!ones || f.fitting == 0 || columns / f.fitting >= kMostFits || 255 * total > kMostExact)
      return {};
  }
  f.quotient = quotient_of(static_cast<double>(f.scale), 255 * total);
  return exact && f.scale <= kMostScale ? f : SmallFactors{};
}

}  // namespace cconv::separable
