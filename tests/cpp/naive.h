// Convolution by its formula: a loop per letter, complex128, window arithmetic of its own.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "problem/problem.h"

namespace cconv::naive {

constexpr int kAxes = 5;  // n, c, d, h, w

using Number = std::complex<double>;

// Numbers by index.
struct Tensor {
  std::int64_t extent[kAxes];
  std::vector<Number> values;

  explicit Tensor(std::int64_t n, std::int64_t c, std::int64_t d, std::int64_t h, std::int64_t w)
      : extent{n, c, d, h, w}, values(static_cast<std::size_t>(n * c * d * h * w)) {}

  Number& at(std::int64_t n, std::int64_t c, std::int64_t d, std::int64_t h, std::int64_t w) {
    return values[static_cast<std::size_t>(
        (((n * extent[1] + c) * extent[2] + d) * extent[3] + h) * extent[4] + w)];
  }

  // Calls f(value, byte offset) for each element under these strides.
  template <class F>
  void each(const std::int64_t (&strides)[kAxes], F f) {
    std::size_t index = 0;
    for (std::int64_t n = 0; n < extent[0]; ++n)
      for (std::int64_t c = 0; c < extent[1]; ++c)
        for (std::int64_t d = 0; d < extent[2]; ++d)
          for (std::int64_t h = 0; h < extent[3]; ++h)
            for (std::int64_t w = 0; w < extent[4]; ++w)
              f(values[index++],
                n * strides[0] + c * strides[1] + d * strides[2] + h * strides[3] + w * strides[4]);
  }
};

// Where coordinate i outside [0, n) is read from, -1 for a constant: folds until it is inside.
inline std::int64_t folded(Border border, std::int64_t i, std::int64_t n) {
  while (i < 0 || i >= n) {
    switch (border) {
      case Border::constant:
        return -1;
      case Border::edge:
        i = i < 0 ? 0 : n - 1;
        break;
      case Border::wrap:
        i += i < 0 ? n : -n;
        break;
      case Border::symmetric:
        i = i < 0 ? -1 - i : 2 * n - 1 - i;
        break;
      case Border::reflect:
        i = n == 1 ? 0 : i < 0 ? -i : 2 * (n - 1) - i;
        break;
    }
  }
  return i;
}

// weights: (OC, IC / G, KD, KH, KW); bias: (1, OC, 1, 1, 1), looked at when the problem has one.
// With relu (of real sums), or without activation.
inline Tensor convolve(const Problem& p, Tensor src, Tensor weights, Tensor bias) {
  const auto& [d, h, w] = p.axis;
  const std::int64_t ICg = p.IC / p.G, OCg = p.OC / p.G;
  const Number outside(p.border_value.value.real, p.border_value.value.imaginary);
  Tensor dst(p.N, p.OC, d.out, h.out, w.out);
  const auto read = [](const Axis& a, Border border, std::int64_t o, std::int64_t k) {
    return folded(border, o * a.window.stride + k * a.window.dilation - a.window.before, a.in);
  };
  for (std::int64_t n = 0; n < p.N; ++n)
    for (std::int64_t o = 0; o < p.OC; ++o)
      for (std::int64_t od = 0; od < d.out; ++od)
        for (std::int64_t oh = 0; oh < h.out; ++oh)
          for (std::int64_t ow = 0; ow < w.out; ++ow) {
            Number sum = p.has_bias ? bias.at(0, o, 0, 0, 0) : 0;
            for (std::int64_t c = 0; c < ICg; ++c)
              for (std::int64_t kd = 0; kd < d.window.kernel; ++kd)
                for (std::int64_t kh = 0; kh < h.window.kernel; ++kh)
                  for (std::int64_t kw = 0; kw < w.window.kernel; ++kw) {
                    const std::int64_t id = read(d, p.border, od, kd),
                                       ih = read(h, p.border, oh, kh),
                                       iw = read(w, p.border, ow, kw);
                    const bool inside = id >= 0 && ih >= 0 && iw >= 0;
                    sum += weights.at(o, c, kd, kh, kw) *
                           (inside ? src.at(n, o / OCg * ICg + c, id, ih, iw) : outside);
                  }
            dst.at(n, o, od, oh, ow) = p.activation == Activation::relu && sum.real() < 0 ? 0 : sum;
          }
  return dst;
}

}  // namespace cconv::naive
