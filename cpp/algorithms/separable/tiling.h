// How the separable room cuts its work: planes into bands of rows, these into chunks of columns.
#pragma once

#include <algorithm>

#include "algorithms/filter2d/kernel.h"
#include "algorithms/planes/input.h"
#include "algorithms/separable/kernel.h"

namespace cconv::separable {

using planes::Geometry;
using planes::rows_under;

// Blocking.  Columns summed of a band's rows stay in the second-level cache until they are summed
// along the rows; those that windows slide over gain more by long rows, and so do copied ones,
// whose bands are higher.
constexpr std::int64_t kColumnBytes = 192 << 10, kSlidingBytes = 768 << 10;
constexpr std::int64_t kFewEqual = 7;  // terms, which are as fast summed one by one
constexpr std::int64_t kMostHalo = std::int64_t{1} << 24;  // columns, that sums are shared over
constexpr std::int64_t kFarthest = std::int64_t{1} << 48;  // columns, more than memory holds
constexpr std::int64_t kBand = 24, kCopiedBand = 48;       // rows, multiples of every level's tile

// The plane of columns summed: for each place that a window's taps see along a row there is one,
// under windows that are one column wide.
inline Geometry columns_of(const Geometry& g) {
  Geometry c = g;
  const Window& w = g.w.window;
  c.w.out = saturating_add(g.w.out, span(w) - 1);
  c.w.window = {};
  c.w.window.before = w.before;
  c.w.window.after = w.after;
  return c;
}

// Whether bytes become bytes by sums that fit 16 bits; `dense`: results of a row follow one
// another.
inline bool takes_bytes(const Problem& p, const Geometry& g, bool dense) {
  return p.small_weights && p.dst_type == Type::uint8 && !p.has_bias &&
         p.activation == Activation::none && g.d.window.kernel == 1 && dense &&
         g.columns() >= kernels().word_lanes &&
         saturating_multiply(span(g.w.window), g.inner) < kMostHalo;
}

struct Tiling {
  std::int64_t lanes;
  bool bytes;                    // summed in 16 bits
  bool slides, doubles;          // sums of equal terms, down the columns and along the rows
  std::int64_t rank;             // products of columns and rows
  std::int64_t columns, chunks;  // of an item, at most; per row
  std::int64_t band, bands;      // rows of outputs of an item, items per plane
  std::int64_t items;
  std::int64_t halo;                  // columns summed for one more output
  std::int64_t row_bytes, sum_bytes;  // a row of input as it is summed, of its columns' sums
  std::int64_t rows_bytes, table_bytes, tile_table_bytes, columns_bytes, sums_bytes, resummed_bytes,
      shared_bytes;

  std::int64_t bytes_per_thread() const {
    return saturating_add(
        saturating_add(saturating_add(row_bytes, rows_bytes),
                       saturating_add(table_bytes + resummed_bytes, tile_table_bytes)),
        saturating_add(saturating_add(columns_bytes, sums_bytes), shared_bytes));
  }
};

inline Tiling tiling_of(const Problem& p, const Geometry& g, bool dense) {
  const bool bytes = takes_bytes(p, g, dense);
  const std::int64_t size = bytes ? size_of(Type::uint16) : size_of(p.sum_type);
  const std::int64_t size_in = bytes ? size_of(Type::uint8) : size;
  const std::int64_t KD = g.d.window.kernel;
  const filter2d::Kernels& k = filter2d::kernels();
  const Window &h = g.h.window, &w = g.w.window;
  Tiling t{};
  t.bytes = bytes;
  t.rank = p.rank;
  t.lanes =
      bytes ? kernels().word_lanes : std::max<std::int64_t>(rows::kernels().vector_bytes / size, 1);
  const bool equal = p.form == Form::constant;
  t.slides =
      equal && !bytes && h.kernel >= kFewEqual && KD == 1 && h.stride == 1 && h.dilation == 1;
  t.halo = std::min(saturating_multiply(span(w) - 1, g.inner), kFarthest);
  t.doubles = equal && (bytes || w.kernel >= kFewEqual) && t.halo < kMostHalo;

  const bool copied = p.src_type != p.sum_type && !bytes;
  const std::int64_t wanted =
      std::max(copied ? kCopiedBand : kBand, t.slides ? round_up(2 * h.kernel, kBand) : 0);
  t.band = planes::shares_rows(g) ? std::clamp<std::int64_t>(g.h.out, 1, wanted) : 1;
  t.bands = divide_up(g.h.out, t.band);

  const std::int64_t all = std::max<std::int64_t>(g.columns(), 1);
  const std::int64_t fitting = t.slides ? kSlidingBytes / (t.band * size)
                                        : kColumnBytes / (t.rank * std::min(t.band, kBand) * size);
  const std::int64_t most = round_up(std::max({fitting, 64 * t.lanes, 2 * t.halo}), t.lanes);
  t.chunks = divide_up(all, most);
  t.columns = round_up(divide_up(all, t.chunks), t.lanes);
  t.items = planes::units_of(g) * t.bands * t.chunks;

  const Geometry c = columns_of(g);
  const std::int64_t summed = saturating_add(t.columns, t.halo);
  const std::int64_t rows_in = saturating_multiply(KD, rows_under(g, t.band));
  t.row_bytes = planes::row_bytes(c, summed, size_in);
  t.sum_bytes = planes::row_bytes(c, summed, size);
  t.rows_bytes = whole_lines(saturating_multiply(rows_in, t.row_bytes));
  t.table_bytes = whole_lines(saturating_multiply(rows_in, sizeof(std::byte*)));
  t.tile_table_bytes = whole_lines(t.rank * k.tile_rows * std::int64_t{sizeof(std::byte*)});
  t.columns_bytes = saturating_add(saturating_multiply(t.rank * t.band, t.sum_bytes), kBehind);
  t.resummed_bytes = t.rank > 1 ? t.sum_bytes : 0;
  t.sums_bytes = bytes ? 0 : saturating_multiply(k.tile_rows, t.sum_bytes);
  t.shared_bytes =
      whole_lines(std::max(t.slides ? slide_bytes(h.kernel) : 0,
                           t.doubles ? along_bytes(w.kernel, w.dilation * g.inner, size) : 0));
  return t;
}

// A thread's: a row of border, rows of input as they are copied, columns summed of them (for each
// product a band of its own), a tile of sums along these, what neighbours share; addresses of rows
// of input, and of a tile's columns.
struct Scratch {
  std::byte *border, *rows, *columns, *sums, *resummed, *shared;
  const std::byte **table, **tile_table;

  Scratch(const Tiling& t, std::byte* at) {
    border = take(at, t.row_bytes);
    rows = take(at, t.rows_bytes);
    columns = take(at, t.columns_bytes);
    sums = take(at, t.sums_bytes);
    resummed = take(at, t.resummed_bytes);
    shared = take(at, t.shared_bytes);
    table = reinterpret_cast<const std::byte**>(take(at, t.table_bytes));
    tile_table = reinterpret_cast<const std::byte**>(take(at, t.tile_table_bytes));
  }
};

// Weights of the columns and of the rows, and offsets along a row; of all threads.
inline std::int64_t column_bytes(const Problem& p, const Geometry& g) {
  return whole_lines(p.rank * g.d.window.kernel * g.h.window.kernel * size_of(p.sum_type));
}
inline std::int64_t row_weights_bytes(const Problem& p, const Geometry& g) {
  return whole_lines(p.rank * g.w.window.kernel * size_of(p.sum_type));
}
inline std::int64_t offsets_bytes(const Geometry& g) {
  return whole_lines(g.w.window.kernel * std::int64_t{sizeof(std::int64_t)});
}

inline std::int64_t weights_bytes(const Problem& p, const Geometry& g) {
  return column_bytes(p, g) + row_weights_bytes(p, g) + offsets_bytes(g);
}

inline std::int64_t scratch_bytes(const Problem& p, const Geometry& g, const Tiling& t,
                                  int threads) {
  return saturating_add(weights_bytes(p, g), saturating_multiply(t.bytes_per_thread(), threads));
}

}  // namespace cconv::separable
