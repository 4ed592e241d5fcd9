// The powers of a norm, in place on rows of float64.  Not kernels: pow() has its own dispatch.
#pragma once

#include <cmath>
#include <cstdint>

#include "problem/types.h"

namespace cconv::pooling {

// row[i] = |row[i]| ** norm.
inline void raise(double* row, std::int64_t count, double norm) {
  if (norm == 1)
    for (std::int64_t i = 0; i < count; ++i) row[i] = std::fabs(row[i]);
  else if (norm == 2)
    for (std::int64_t i = 0; i < count; ++i) row[i] *= row[i];
  else
    for (std::int64_t i = 0; i < count; ++i) row[i] = std::pow(std::fabs(row[i]), norm);
}

// row[i] = row[i] ** (1 / norm).
inline void take_root(double* row, std::int64_t count, double norm) {
  if (norm == 1) return;
  if (norm == 2)
    for (std::int64_t i = 0; i < count; ++i) row[i] = std::sqrt(row[i]);
  else
    for (std::int64_t i = 0; i < count; ++i) row[i] = std::pow(row[i], 1 / norm);
}

// magnitudes[i] = |pairs[i]|; both may begin at the same place.
inline void take_magnitudes(const Complex<double>* pairs, std::int64_t count, double* magnitudes) {
  for (std::int64_t i = 0; i < count; ++i) {
    const Complex<double> pair = pairs[i];
    magnitudes[i] = std::hypot(pair.real, pair.imaginary);
  }
}

}  // namespace cconv::pooling
