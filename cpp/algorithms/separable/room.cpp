// Filters whose weights are the product of a column and a row: columns are summed first, then what
// that gives along the rows, so that an output costs as many products as a window is high and wide
// together; where all weights are equal, neighbours share what they have in common.
//
// A plane is cut into bands of rows and these into chunks of columns.  Under a chunk,
// planes/input.h finds rows in src or copies them with their border.  Sums of weighted terms are
// filter2d's kernels, of windows one column wide and one row high.
#include "algorithms/room.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "algorithms/planes/result.h"
#include "algorithms/rows/sums.h"
#include "algorithms/separable/cost.h"
#include "algorithms/separable/factors.h"
#include "algorithms/separable/tiling.h"

namespace cconv::separable {
namespace {

using filter2d::Block;

void filter(const Block<float>& block) { filter2d::kernels().filter_float32(block); }
void filter(const Block<double>& block) { filter2d::kernels().filter_float64(block); }
void filter(const Block<std::uint32_t>& block) { filter2d::kernels().filter_uint32(block); }
void filter(const Block<std::uint64_t>& block) { filter2d::kernels().filter_uint64(block); }

void slide(const Slide<float>& s) { kernels().slide_float32(s); }
void slide(const Slide<double>& s) { kernels().slide_float64(s); }
void slide(const Slide<std::uint32_t>& s) { kernels().slide_uint32(s); }
void slide(const Slide<std::uint64_t>& s) { kernels().slide_uint64(s); }

void along(const Along<float>& a) { kernels().along_float32(a); }
void along(const Along<double>& a) { kernels().along_float64(a); }
void along(const Along<std::uint32_t>& a) { kernels().along_uint32(a); }
void along(const Along<std::uint64_t>& a) { kernels().along_uint64(a); }

template <class T>
class Run {
 public:
  Run(const Problem& p, const Operands& a, const Tiling& t, const Geometry& g, std::byte* workspace)
      : t_(t),
        g_(g),
        columns_(columns_of(g)),
        input_(p, columns_, a.src.data, t.lanes, t.row_bytes, filter2d::kernels().tile_rows),
        result_(p, g, a.dst.data, t.lanes,
                g.d.window.kernel * g.h.window.kernel + kAlone * g.w.window.kernel),
        column_(reinterpret_cast<T*>(workspace)),
        row_(reinterpret_cast<T*>(workspace + column_bytes(p, g))),
        offsets_(reinterpret_cast<std::int64_t*>(workspace + column_bytes(p, g) +
                                                 row_weights_bytes(p, g))),
        workspace_(workspace + column_bytes(p, g) + row_weights_bytes(p, g) + offsets_bytes(g)) {
    if (a.bias != nullptr) std::memcpy(&bias_, a.bias, sizeof(T));
  }

  // Before the first item.
  void prepare(const Problem& p, const Operands& a, int threads) const {
    const std::int64_t height = g_.d.window.kernel * g_.h.window.kernel;
    const std::int64_t width = g_.w.window.kernel;
    std::vector<T> weights(static_cast<std::size_t>(height * width));
    std::memcpy(weights.data(), a.weights, weights.size() * sizeof(T));
    if (p.form == Form::constant) {
      std::fill_n(column_, height, weights[0]);
      std::fill_n(row_, width, T(1));
    } else {
      factor(weights.data(), height, width, column_, row_);
    }
    for (std::int64_t kw = 0; kw < width; ++kw)
      offsets_[kw] = kw * g_.w.window.dilation * g_.inner * kSize;
    for (int worker = 0; worker < threads; ++worker) input_.fill(scratch_of(worker).border);
  }

  void item(std::int64_t index, int worker) const {
    const Scratch scratch = scratch_of(worker);
    const std::int64_t chunk = index % t_.chunks;
    const std::int64_t begin = chunk * g_.columns() / t_.chunks;
    const std::int64_t end = (chunk + 1) * g_.columns() / t_.chunks;
    index /= t_.chunks;
    const std::int64_t oh = index % t_.bands * t_.band;
    const std::int64_t band = std::min(t_.band, g_.h.out - oh);
    const planes::Unit u = planes::unit_of(g_, index / t_.bands);
    const std::int64_t count = std::max(end - begin, t_.lanes);
    input_.each_segment(begin, begin + count + t_.halo, [&](const planes::Segment& s) {
      input_.find(u, oh, band, s, scratch.border, scratch.rows, scratch.table);
      sum_down(band, s, (s.begin - begin) * kSize, scratch);
    });
    const std::int64_t tile = filter2d::kernels().tile_rows;
    for (std::int64_t r = 0; r < band; r += tile) {
      const std::int64_t rows = std::min(tile, band - r);
      std::byte* const to = result_.at(u, oh + r, begin);
      const bool direct = result_.holds_sums();
      sum_along(scratch.columns + r * t_.row_bytes, rows, count, scratch,
                direct ? to : scratch.sums, direct ? g_.dst_step[1] : t_.row_bytes);
      if (!direct) result_.store(scratch.sums, t_.row_bytes, rows, end - begin, to);
    }
    result_.end();
  }

 private:
  using Product = typename rows::Sum<T>::Product;
  static constexpr std::int64_t kSize = sizeof(T);
  static constexpr std::int64_t kAlone = 4;  // times a product costs that shares no load

  struct Scratch {
    std::byte *border, *rows, *columns, *sums, *shared;
    const std::byte **table, **tile_table;
  };

  Scratch scratch_of(int worker) const {
    std::byte* at = workspace_ + worker * t_.bytes_per_thread();
    const auto take = [&](std::int64_t bytes) {
      at += bytes;
      return at - bytes;
    };
    Scratch s{};
    s.border = take(t_.row_bytes);
    s.rows = take(t_.rows_bytes);
    s.columns = take(t_.columns_bytes);
    s.sums = take(t_.sums_bytes);
    s.shared = take(t_.shared_bytes);
    s.table = reinterpret_cast<const std::byte**>(take(t_.table_bytes));
    s.tile_table = reinterpret_cast<const std::byte**>(take(t_.tile_table_bytes));
    return s;
  }

  // The columns under a segment, from byte `at` of each row on.
  void sum_down(std::int64_t band, const planes::Segment& s, std::int64_t at,
                const Scratch& scratch) const {
    std::byte* const sums = scratch.columns + at;
    Product weight;
    std::memcpy(&weight, column_, sizeof weight);
    if (t_.slides)
      return slide(Slide<Product>{scratch.table, g_.h.window.kernel, weight, band, s.count(), sums,
                                  t_.row_bytes, scratch.shared});
    static constexpr std::int64_t kNone = 0;
    Block<Product> block{};
    block.rows = scratch.table;
    block.rows_pitch = rows_under(g_, band);
    block.row_stride = g_.h.window.stride;
    block.offsets = &kNone;
    block.KD = g_.d.window.kernel;
    block.KH = g_.h.window.kernel;
    block.KW = 1;
    block.weights = reinterpret_cast<const std::byte*>(column_);
    block.outputs = band;
    block.columns = s.count();
    block.sums = sums;
    block.sums_pitch = t_.row_bytes;
    filter(block);
  }

  // Sums along `rows` rows of columns.
  void sum_along(const std::byte* columns, std::int64_t rows, std::int64_t count,
                 const Scratch& scratch, std::byte* sums, std::int64_t pitch) const {
    if (t_.doubles)
      return along(Along<Product>{columns, t_.row_bytes, g_.w.window.kernel,
                                  g_.w.window.dilation * g_.inner, bias_, rows, count, sums, pitch,
                                  scratch.shared});
    for (std::int64_t r = 0; r < rows; ++r) scratch.tile_table[r] = columns + r * t_.row_bytes;
    Block<Product> block{};
    block.rows = scratch.tile_table;
    block.row_stride = 1;
    block.offsets = offsets_;
    block.KD = block.KH = 1;
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
  const Geometry columns_;
  const planes::Input<T> input_;
  const planes::Result<T> result_;
  T *const column_, *const row_;  // the weights
  std::int64_t* const offsets_;
  std::byte* const workspace_;
  Product bias_{};
};

template <class T>
void run_as(const Problem& p, const Operands& a, int threads, Stop& stop) {
  const Geometry g = planes::geometry_of(p, a.src, a.dst);
  const Tiling t = tiling_of(p, g);
  const Workspace workspace(scratch_bytes(p, g, t, threads));
  const Run<T> run(p, a, t, g, workspace.data());
  run.prepare(p, a, threads);
  parallel_for(t.items, threads, stop,
               [&](std::int64_t item, int worker) { run.item(item, worker); });
}

class Separable final : public Room {
 public:
  Algorithm algorithm() const override { return Algorithm::separable; }

  const char* refusal(const Problem& p) const override {
    if (is_complex(p.sum_type)) return "multiplies real numbers only";
    if (p.IC != 1 || p.OC != 1) return "takes one filter for all planes";
    if (p.terms() > kMostTaps) return "takes windows of at most 1048576 taps";
    if (p.form == Form::general) return "takes weights that are a column times a row";
    if (p.axis[planes::is_folded(p) ? 1 : 2].window.stride > 1) return "takes no steps along rows";
    return nullptr;
  }

  double cost(const Problem& p) const override { return seconds(p); }

  std::int64_t items(const Problem& p) const override { return tiled(p).items; }

  std::int64_t workspace(const Problem& p, int threads) const override {
    return scratch_bytes(p, planes::geometry_of(p, p.channels_last), tiled(p), threads);
  }

  std::string tiles(const Problem& p) const override {
    const Geometry g = planes::geometry_of(p, p.channels_last);
    const Tiling t = tiling_of(p, g);
    return std::to_string(t.band) + " rows x " + std::to_string(t.columns) + " columns x " +
           std::to_string(g.d.window.kernel * g.h.window.kernel) + " + " +
           std::to_string(g.w.window.kernel) + " taps";
  }

  void run(const Problem& p, const Operands& a, int threads, Stop& stop) const override {
    rows::with_sum_type(p, [&](auto zero) { run_as<decltype(zero)>(p, a, threads, stop); });
  }

 private:
  // As it is for arrays of contiguous memory.
  static Tiling tiled(const Problem& p) {
    return tiling_of(p, planes::geometry_of(p, p.channels_last));
  }
};

}  // namespace
}  // namespace cconv::separable

namespace cconv {

const Room& separable_room() {
  static const separable::Separable room;
  return room;
}

}  // namespace cconv
