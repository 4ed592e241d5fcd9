// How the filter2d room cuts its work: planes into bands of rows, these into chunks of columns.
#pragma once

#include <algorithm>

#include "algorithms/filter2d/kernel.h"
#include "algorithms/planes/input.h"
#include "runtime/workspace.h"

namespace cconv::filter2d {

using planes::Geometry;
using planes::rows_under;
using planes::shares_rows;

// Blocking.  Of the rows of input under a tile, those that the next tile below looks at are still
// in the first-level cache, or near it.
constexpr std::int64_t kRowsBytes = 512 << 10;
constexpr std::int64_t kItemOutputs = 16 << 10;
constexpr std::int64_t kItemProducts = 8 << 20;
constexpr std::int64_t kBandStep = 24;  // a multiple of every level's tile

inline std::int64_t lanes_of(const Problem& p) {
  return size_of(p.sum_type) == 8 ? kernels().lanes_float64 : kernels().lanes_float32;
}

struct Tiling {
  std::int64_t lanes;
  std::int64_t columns, chunks;  // of an item, at most; per row
  std::int64_t band, bands;      // rows of outputs of an item, items per plane
  std::int64_t units;            // planes of outputs of an item
  std::int64_t items;
  std::int64_t row_bytes, rows_bytes, table_bytes, offsets_bytes, sums_pitch, sums_bytes;

  std::int64_t bytes_per_thread() const {
    return saturating_add(saturating_add(rows_bytes, row_bytes),
                          saturating_add(table_bytes + offsets_bytes, sums_bytes));
  }
};

inline Tiling tiling_of(const Problem& p, const Geometry& g) {
  const std::int64_t size = size_of(p.sum_type), KD = g.d.window.kernel;
  const std::int64_t tile_rows = shares_rows(g) ? kernels().tile_rows : 1;
  Tiling t{};
  t.lanes = lanes_of(p);

  const std::int64_t rows = saturating_multiply(KD, rows_under(g, tile_rows));
  const std::int64_t fitting = kRowsBytes / std::max<std::int64_t>(rows * size, 1);
  const std::int64_t all = std::max<std::int64_t>(g.columns(), 1);
  const std::int64_t most = std::max(fitting / t.lanes, std::int64_t{16}) * t.lanes;
  t.chunks = divide_up(all, most);
  t.columns = round_up(divide_up(all, t.chunks), t.lanes);

  const std::int64_t outputs =
      std::min(kItemOutputs, kItemProducts / std::clamp<std::int64_t>(p.terms(), 1, kItemProducts));
  const std::int64_t wanted = round_up(std::max(outputs / t.columns, std::int64_t{1}), kBandStep);
  t.band = shares_rows(g) ? std::clamp<std::int64_t>(g.h.out, 1, wanted) : 1;
  t.bands = divide_up(g.h.out, t.band);
  const std::int64_t plane = t.band * t.columns;
  t.units = t.bands * t.chunks == 1 ? std::max(outputs / plane, std::int64_t{1}) : 1;
  t.items = divide_up(planes::units_of(g), t.units) * t.bands * t.chunks;

  const std::int64_t rows_in = saturating_multiply(KD, rows_under(g, t.band));
  t.row_bytes = planes::row_bytes(g, t.columns, size);
  t.rows_bytes = whole_lines(saturating_multiply(rows_in, t.row_bytes));
  t.table_bytes = whole_lines(saturating_multiply(rows_in, sizeof(std::byte*)));
  t.offsets_bytes = whole_lines(saturating_multiply(g.w.window.kernel, sizeof(std::int64_t)));
  t.sums_pitch = whole_lines(t.columns * size);
  t.sums_bytes = std::min<std::int64_t>(t.band, kernels().tile_rows) * t.sums_pitch;
  return t;
}

// Of a run.
inline std::int64_t scratch_bytes(const Tiling& t, int threads) {
  return saturating_multiply(t.bytes_per_thread(), threads);
}

}  // namespace cconv::filter2d
