// Bytes that become bytes by small weights: sums are whole numbers of 16 bits, or of equal weights
// of more, exact, and rounded once, when they are multiplied by the scale of the weights.
#pragma once

#include <cstring>
#include <vector>

#include "algorithms/rows/sums.h"
#include "algorithms/separable/factors.h"
#include "algorithms/separable/tiling.h"

namespace cconv::separable {

class ByteSums {
 public:
  using Element = std::uint8_t;  // of a row that is summed

  ByteSums(const Problem& p, const Operands& a, const Tiling& t, const Geometry& g, std::byte*)
      : t_(t), g_(g), dst_(a.dst.data), equal_(p.form == Form::constant) {
    const std::int64_t height = g.h.window.kernel, width = g.w.window.kernel;
    rows::with_sum_type(p, [&](auto zero) {
      std::vector<decltype(zero)> weights(static_cast<std::size_t>(height * width));
      std::memcpy(weights.data(), a.weights, weights.size() * sizeof zero);
      factors_ = small_factors(weights.data(), height, width);
    });
  }

  // Of `count` columns, from column `at` of each row on, under `band` rows of outputs.
  void down(const Scratch& scratch, std::int64_t band, std::int64_t count, std::int64_t at) const {
    kernels().bytes_down({scratch.table, g_.h.window.kernel, g_.h.window.stride,
                          equal_ ? nullptr : factors_.column.data(), band, count,
                          scratch.columns + at * std::int64_t{sizeof(std::uint16_t)},
                          t_.sum_bytes});
  }

  // The results of such rows and columns.
  template <class Find>
  void along(const Scratch& scratch, const planes::Unit& u, Range rows, Range columns,
             const Find&) const {
    std::byte* const to = dst_ + planes::dst_offset(g_, u, rows.begin) + columns.begin;
    kernels().bytes_along({scratch.columns, t_.sum_bytes, g_.w.window.kernel,
                           g_.w.window.dilation * g_.inner, factors_.fitting,
                           equal_ ? nullptr : factors_.row.data(), factors_.scale, factors_.shift,
                           factors_.quotient, rows.end - rows.begin, columns.end - columns.begin,
                           to, g_.dst_step[1], scratch.shared});
  }

 private:
  const Tiling& t_;
  const Geometry& g_;
  std::byte* const dst_;
  const bool equal_;
  SmallFactors factors_;
};

}  // namespace cconv::separable
