// Filters on planes: one kernel for each plane of pixels, rows in and rows out.  Output columns lie
// in the vector lanes, and several rows of outputs share the rows of input under them.
//
// A plane is cut into bands of rows and these into chunks of columns.  Under a chunk,
// planes/input.h finds rows in src or copies them with their border; the kernel sums into the
// result itself, or into scratch where sums are cast, or activated by more than bounds.
#include "algorithms/room.h"

#include <algorithm>
#include <cstring>

#include "algorithms/filter2d/cost.h"
#include "algorithms/filter2d/kernel.h"
#include "algorithms/filter2d/tiling.h"
#include "algorithms/planes/input.h"
#include "algorithms/planes/result.h"
#include "algorithms/rows/sums.h"

namespace cconv::filter2d {
namespace {

void filter(const Block<float>& block) { kernels().filter_float32(block); }
void filter(const Block<double>& block) { kernels().filter_float64(block); }
void filter(const Block<std::uint32_t>& block) { kernels().filter_uint32(block); }
void filter(const Block<std::uint64_t>& block) { kernels().filter_uint64(block); }

template <class T>
class Run {
 public:
  Run(const Problem& p, const Operands& a, const Tiling& t, const Geometry& g, std::byte* workspace)
      : p_(p),
        a_(a),
        bounds_(rows::bounds_of<T>(p)),
        t_(t),
        g_(g),
        input_(p, g, a.src.data, t.lanes, t.row_bytes, kernels().tile_rows),
        result_(p, g, a.dst.data, t.lanes, p.terms(), true),
        workspace_(workspace) {}

  // Before the first item.
  void clear(int threads) const {
    for (int worker = 0; worker < threads; ++worker) input_.fill(scratch_of(worker).border);
  }

  void item(std::int64_t index, int worker, Stop& stop) const {
    const Scratch scratch = scratch_of(worker);
    const std::int64_t chunk = index % t_.chunks;
    const std::int64_t begin = chunk * g_.columns() / t_.chunks;
    const std::int64_t end = (chunk + 1) * g_.columns() / t_.chunks;
    index /= t_.chunks;
    const std::int64_t oh = index % t_.bands * t_.band;
    const std::int64_t band = std::min(t_.band, g_.h.out - oh);
    const std::int64_t first = index / t_.bands * t_.units;
    const std::int64_t last = std::min(first + t_.units, planes::units_of(g_));
    for (std::int64_t unit = first; unit < last && !stop.requested(); ++unit) {
      const planes::Unit u = planes::unit_of(g_, unit);
      input_.each_segment(begin, end,
                          [&](const planes::Segment& s) { segment(u, oh, band, s, end, scratch); });
    }
    result_.end();
  }

 private:
  using Product = typename rows::Sum<T>::Product;
  static constexpr std::int64_t kSize = sizeof(T);

  struct Scratch {
    std::byte *border, *rows, *sums;
    const std::byte** table;
    std::int64_t* offsets;
  };

  Scratch scratch_of(int worker) const {
    std::byte* at = workspace_ + worker * t_.bytes_per_thread();
    Scratch s{};
    s.border = take(at, t_.row_bytes);
    s.rows = take(at, t_.rows_bytes);
    s.sums = take(at, t_.sums_bytes);
    s.table = reinterpret_cast<const std::byte**>(take(at, t_.table_bytes));
    s.offsets = reinterpret_cast<std::int64_t*>(take(at, t_.offsets_bytes));
    return s;
  }

  // The columns of a segment before `end` become results.
  void segment(const planes::Unit& u, std::int64_t oh, std::int64_t band, const planes::Segment& s,
               std::int64_t end, const Scratch& scratch) const {
    input_.place_taps(s, scratch.offsets);
    input_.find(u, oh, band, s, scratch.border, scratch.rows, scratch.table);
    std::byte* const to = result_.at(u, oh, s.begin);
    const std::int64_t taps = p_.terms();
    Block<Product> block{};
    block.rows = scratch.table;
    block.rows_pitch = rows_under(g_, band);
    block.row_stride = g_.h.window.stride;
    block.offsets = scratch.offsets;
    block.KD = g_.d.window.kernel;
    block.KH = g_.h.window.kernel;
    block.KW = g_.w.window.kernel;
    block.weights = a_.weights + (g_.weights_per_plane ? u.plane * taps * kSize : 0);
    if (a_.bias != nullptr)
      std::memcpy(&block.bias, a_.bias + (g_.weights_per_plane ? u.plane * kSize : 0), sizeof(T));
    block.bounds = bounds_;
    block.columns = s.count();
    if (result_.holds_sums()) {
      block.outputs = band;
      block.sums = to;
      block.sums_pitch = g_.dst_step[1];
      return filter(block);
    }
    block.sums = scratch.sums;
    block.sums_pitch = t_.sums_pitch;
    const std::int64_t tile = kernels().tile_rows;
    for (std::int64_t r = 0; r < band; r += tile) {
      block.outputs = std::min(tile, band - r);
      filter(block);
      result_.store(scratch.sums, t_.sums_pitch, block.outputs, std::min(s.end, end) - s.begin,
                    to + r * g_.dst_step[1]);
      block.rows += tile * block.row_stride;
    }
  }

  const Problem& p_;
  const Operands& a_;
  const rows::Bounds<Product> bounds_;
  const Tiling& t_;
  const Geometry& g_;
  const planes::Input<T> input_;
  const planes::Result<T> result_;
  std::byte* const workspace_;
};

template <class T>
void run_as(const Problem& p, const Operands& a, int threads, Stop& stop) {
  const Geometry g = planes::geometry_of(p, a.src, a.dst);
  const Tiling t = tiling_of(p, g);
  const Workspace workspace(scratch_bytes(t, threads));
  const Run<T> run(p, a, t, g, workspace.data());
  run.clear(threads);
  parallel_for(t.items, threads, stop,
               [&](std::int64_t item, int worker) { run.item(item, worker, stop); });
}

class Filter2d final : public Room {
 public:
  Algorithm algorithm() const override { return Algorithm::filter2d; }

  const char* refusal(const Problem& p) const override {
    if (is_complex(p.sum_type)) return "multiplies real numbers only";
    if (p.IC != p.G || p.OC != p.G) return "filters every channel on its own";
    if (p.terms() > kMostTaps) return "takes windows of at most 1048576 taps";
    return nullptr;
  }

  double cost(const Problem& p) const override { return seconds(p); }

  std::int64_t items(const Problem& p) const override { return tiled(p).items; }

  std::int64_t workspace(const Problem& p, int threads) const override {
    return scratch_bytes(tiled(p), threads);
  }

  std::string tiles(const Problem& p) const override {
    const Tiling t = tiled(p);
    return std::to_string(t.band) + " rows x " + std::to_string(t.columns) + " columns x " +
           std::to_string(p.terms()) + " taps";
  }

  void run(const Problem& p, const Operands& a, int threads, Stop& stop) const override {
    rows::with_sum_type(p, [&](auto zero) { run_as<decltype(zero)>(p, a, threads, stop); });
  }

 private:
  static constexpr std::int64_t kMostTaps = 1 << 20;

  // As it is for arrays of contiguous memory.
  static Tiling tiled(const Problem& p) {
    return tiling_of(p, planes::geometry_of(p, p.channels_last));
  }
};

}  // namespace
}  // namespace cconv::filter2d

namespace cconv {

const Room& filter2d_room() {
  static const filter2d::Filter2d room;
  return room;
}

}  // namespace cconv
