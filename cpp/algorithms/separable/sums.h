// Sums of weighted terms of one type, down the columns and along the rows: filter2d's kernels, of
// windows one column wide and one row high; equal terms are shared by neighbours.
#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "algorithms/planes/result.h"
#include "algorithms/rows/sums.h"
#include "algorithms/separable/factors.h"
#include "algorithms/separable/tiling.h"

namespace cconv::separable {

inline void filter(const filter2d::Block<float>& b) { filter2d::kernels().filter_float32(b); }
inline void filter(const filter2d::Block<double>& b) { filter2d::kernels().filter_float64(b); }
inline void filter(const filter2d::Block<std::uint32_t>& b) {
  filter2d::kernels().filter_uint32(b);
}
inline void filter(const filter2d::Block<std::uint64_t>& b) {
  filter2d::kernels().filter_uint64(b);
}

inline void slide(const Slide<float>& s) { kernels().slide_float32(s); }
inline void slide(const Slide<double>& s) { kernels().slide_float64(s); }
inline void slide(const Slide<std::uint32_t>& s) { kernels().slide_uint32(s); }
inline void slide(const Slide<std::uint64_t>& s) { kernels().slide_uint64(s); }

inline void along(const Along<float>& a) { kernels().along_float32(a); }
inline void along(const Along<double>& a) { kernels().along_float64(a); }
inline void along(const Along<std::uint32_t>& a) { kernels().along_uint32(a); }
inline void along(const Along<std::uint64_t>& a) { kernels().along_uint64(a); }

template <class T>
class Sums {
 public:
  using Element = T;  // of a row that is summed

  // workspace: of weights_bytes.
  Sums(const Problem& p, const Operands& a, const Tiling& t, const Geometry& g,
       std::byte* workspace)
      : t_(t),
        g_(g),
        result_(p, g, a.dst.data, t.lanes,
                p.rank * (g.d.window.kernel * g.h.window.kernel + kAlone * g.w.window.kernel),
                false),
        weights_(a.weights),
        column_(reinterpret_cast<T*>(workspace)),
        row_(reinterpret_cast<T*>(workspace + column_bytes(p, g))),
        offsets_(reinterpret_cast<std::int64_t*>(workspace + column_bytes(p, g) +
                                                 row_weights_bytes(p, g))) {
    if (a.bias != nullptr) std::memcpy(&bias_, a.bias, kSize);
    const std::int64_t height = g.d.window.kernel * g.h.window.kernel, width = g.w.window.kernel;
    std::vector<T> weights(static_cast<std::size_t>(height * width));
    std::memcpy(weights.data(), a.weights, weights.size() * sizeof(T));
    if (p.form == Form::constant) {
      std::fill_n(column_, height, weights[0]);
      std::fill_n(row_, width, T(1));
    } else if (p.rank == 1) {
      factor(weights.data(), height, width, column_, row_);
    } else if constexpr (std::is_floating_point_v<T>) {
      factor_low(weights.data(), height, width, p.rank, column_, row_);
    }
    for (std::int64_t kw = 0; kw < width; ++kw)
      offsets_[kw] = kw * g.w.window.dilation * g.inner * kSize;
  }

  // Of `count` columns, from column `at` of each row on, under `band` rows of outputs.
  void down(const Scratch& scratch, std::int64_t band, std::int64_t count, std::int64_t at) const {
    std::byte* const sums = scratch.columns + at * kSize;
    Product weight;
    std::memcpy(&weight, column_, sizeof weight);
    if (t_.slides)
      return slide(Slide<Product>{scratch.table, g_.h.window.kernel, weight, band, count, sums,
                                  t_.sum_bytes, scratch.shared});
    static constexpr std::int64_t kNone = 0;
    filter2d::Block<Product> block{};
    block.rows = scratch.table;
    block.rows_pitch = rows_under(g_, band);
    block.row_stride = g_.h.window.stride;
    block.offsets = &kNone;
    block.KD = g_.d.window.kernel;
    block.KH = g_.h.window.kernel;
    block.KW = 1;
    block.weights = reinterpret_cast<const std::byte*>(column_);
    block.outputs = band;
    block.columns = count;
    block.sums = sums;
    block.sums_pitch = t_.sum_bytes;
    for (std::int64_t product = 0; product < t_.rank; ++product) {
      filter(block);
      block.weights += block.KD * block.KH * kSize;
      block.sums += t_.band * t_.sum_bytes;
    }
  }

  // The results of such rows and columns, a tile of rows at a time.  Of several products, what is
  // not finite is summed again, tap by tap: find(row, columns) finds what is under these.
  template <class Find>
  void along(const Scratch& scratch, const planes::Unit& u, Range rows, Range columns,
             const Find& find) const {
    const std::int64_t tile = filter2d::kernels().tile_rows;
    const std::int64_t width = columns.end - columns.begin, count = std::max(width, t_.lanes);
    for (std::int64_t r = rows.begin; r < rows.end; r += tile) {
      const std::int64_t some = std::min(tile, rows.end - r);
      std::byte* const to = result_.at(u, r, columns.begin);
      const bool direct = result_.holds_sums();
      std::byte* const sums = direct ? to : scratch.sums;
      const std::int64_t pitch = direct ? g_.dst_step[1] : t_.sum_bytes;
      along_rows(scratch.columns + (r - rows.begin) * t_.sum_bytes, some, count, scratch, sums,
                 pitch);
      for (std::int64_t i = 0; i < some && t_.rank > 1; ++i) {
        auto* const row = reinterpret_cast<T*>(sums + i * pitch);
        each_infinite_run(row, width, [&](Range run) {
          const std::int64_t begin = columns.begin + run.begin, length = run.end - run.begin;
          const std::int64_t summed = std::max(length, t_.lanes);
          find(r + i, Range{begin, begin + summed});
          tap_by_tap(scratch, summed);
          std::copy_n(reinterpret_cast<const T*>(scratch.resummed), length, row + run.begin);
        });
      }
      if (!direct) result_.store(scratch.sums, t_.sum_bytes, some, width, to);
    }
    result_.end();
  }

 private:
  using Product = typename rows::Sum<T>::Product;
  static constexpr std::int64_t kSize = sizeof(T);
  static constexpr std::int64_t kAlone = 4;  // times a product costs that shares no load

  // Calls f(run) for runs of sums that are infinite or NaN.
  template <class F>
  static void each_infinite_run(const T* sums, std::int64_t count, const F& f) {
    const auto is_finite = [](T y) { return y - y == T(0); };
    int all = 1;
    for (std::int64_t i = 0; i < count; ++i) all &= is_finite(sums[i]);
    for (std::int64_t i = 0, end = 0; all == 0 && i < count; i = end + 1) {
      for (end = i; end < count && !is_finite(sums[end]); ++end) {
      }
      if (end > i) f(Range{i, end});
    }
  }

  // `count` columns of a row of outputs, to scratch.resummed.
  void tap_by_tap(const Scratch& scratch, std::int64_t count) const {
    filter2d::Block<Product> block{};
    block.rows = scratch.table;
    block.rows_pitch = g_.h.window.kernel;
    block.row_stride = 1;
    block.offsets = offsets_;
    block.KD = g_.d.window.kernel;
    block.KH = g_.h.window.kernel;
    block.KW = g_.w.window.kernel;
    block.weights = weights_;
    block.bias = bias_;
    block.outputs = 1;
    block.columns = count;
    block.sums = scratch.resummed;
    block.sums_pitch = t_.sum_bytes;
    filter(block);
  }

  void along_rows(const std::byte* columns, std::int64_t rows, std::int64_t count,
                  const Scratch& scratch, std::byte* sums, std::int64_t pitch) const {
    if (t_.doubles)
      return separable::along(Along<Product>{columns, t_.sum_bytes, g_.w.window.kernel,
                                             g_.w.window.dilation * g_.inner, bias_, rows, count,
                                             sums, pitch, scratch.shared});
    for (std::int64_t product = 0; product < t_.rank; ++product)
      for (std::int64_t r = 0; r < rows; ++r)
        scratch.tile_table[product * rows + r] = columns + (product * t_.band + r) * t_.sum_bytes;
    filter2d::Block<Product> block{};
    block.rows = scratch.tile_table;
    block.rows_pitch = rows;
    block.row_stride = 1;
    block.offsets = offsets_;
    block.KD = t_.rank;
    block.KH = 1;
    block.KW = g_.w.window.kernel;
    block.weights = reinterpret_cast<const std::byte*>(row_);
    block.bias = bias_;
    block.outputs = rows;
    block.columns = count;
    block.sums = sums;
    block.sums_pitch = pitch;
    filter(block);
  }

  const Tiling& t_;
  const Geometry& g_;
  const planes::Result<T> result_;
  const std::byte* const weights_;
  T *const column_, *const row_;  // of one product after the other
  std::int64_t* const offsets_;
  Product bias_{};
};

}  // namespace cconv::separable
