// Filters whose weights are the product of a column and a row: columns are summed first, then what
// that gives along the rows, so that an output costs as many products as a window is high and wide
// together; where all weights are equal, neighbours share what they have in common.  Weights may be
// the sum of a few such products, of which an output costs as many times that.
//
// A plane is cut into bands of rows and these into chunks of columns.  Under a chunk,
// planes/input.h finds rows in src or copies them with their border.
#include "algorithms/room.h"

#include <algorithm>

#include "algorithms/separable/bytes.h"
#include "algorithms/separable/cost.h"
#include "algorithms/separable/sums.h"
#include "algorithms/separable/tiling.h"

namespace cconv::separable {
namespace {

// Sums: those of a type (sums.h), or of bytes (bytes.h).
template <class Sums>
class Run {
 public:
  Run(const Problem& p, const Operands& a, const Tiling& t, const Geometry& g, std::byte* workspace)
      : t_(t),
        g_(g),
        columns_(columns_of(g)),
        input_(p, columns_, a.src.data, t.lanes, t.row_bytes, filter2d::kernels().tile_rows,
               t.slides),
        sums_(p, a, t, g, workspace),
        workspace_(workspace + weights_bytes(p, g)) {}

  // Before the first item.
  void prepare(int threads) const {
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
      sums_.down(scratch, band, s.count(), s.begin - begin);
    });
    sums_.along(scratch, u, {oh, oh + band}, {begin, end}, [&](std::int64_t row, Range columns) {
      input_.find(u, row, 1, {columns.begin, columns.end + t_.halo, true}, scratch.border,
                  scratch.rows, scratch.table);
    });
  }

 private:
  Scratch scratch_of(int worker) const { return {t_, workspace_ + worker * t_.bytes_per_thread()}; }

  const Tiling& t_;
  const Geometry& g_;
  const Geometry columns_;
  const planes::Input<typename Sums::Element> input_;
  const Sums sums_;
  std::byte* const workspace_;
};

template <class Sums>
void run_with(const Problem& p, const Operands& a, const Tiling& t, const Geometry& g, int threads,
              Stop& stop) {
  const Workspace workspace(scratch_bytes(p, g, t, threads));
  const Run<Sums> run(p, a, t, g, workspace.data());
  run.prepare(threads);
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
    if (p.form == Form::general)
      return "takes weights that are a column times a row, or a few of those";
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
    const Tiling t = tiling_of(p, g, true);
    return std::to_string(t.band) + " rows x " + std::to_string(t.columns) + " columns x " +
           (t.rank > 1 ? std::to_string(t.rank) + " x (" : "") +
           std::to_string(g.d.window.kernel * g.h.window.kernel) + " + " +
           std::to_string(g.w.window.kernel) + (t.rank > 1 ? ")" : "") +
           (t.bytes ? " taps in 16 bits" : " taps");
  }

  void run(const Problem& p, const Operands& a, int threads, Stop& stop) const override {
    const Geometry g = planes::geometry_of(p, a.src, a.dst);
    const Tiling t = tiling_of(p, g, g.dst_step[2] == size_of(p.dst_type));
    if (t.bytes) return run_with<ByteSums>(p, a, t, g, threads, stop);
    rows::with_sum_type(
        p, [&](auto zero) { run_with<Sums<decltype(zero)>>(p, a, t, g, threads, stop); });
  }

 private:
  // As it is for arrays of contiguous memory.
  static Tiling tiled(const Problem& p) {
    return tiling_of(p, planes::geometry_of(p, p.channels_last), true);
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
