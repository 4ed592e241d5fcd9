// Convolution as a product of matrices: input pixels times packed weights.  Output channels lie in
// the vector lanes, and pixels are broadcast from wherever they are.
//
// The outputs of all images are numbered in C order of (n, od, oh, ow) and cut into strips.  For a
// strip and a block of terms, pixels/pixels.h makes a table of addresses, one for each tap and
// position. The kernel goes through it once for each panel of output channels.  Sums grow in the
// result itself where that is an array of such sums, else in scratch, from where they are stored.
#include "algorithms/room.h"

#include <algorithm>
#include <new>
#include <utility>

#include "algorithms/gemm/cost.h"
#include "algorithms/gemm/kernel.h"
#include "algorithms/gemm/tiling.h"
#include "algorithms/gemm/weights.h"
#include "algorithms/pixels/pixels.h"
#include "algorithms/pixels/result.h"
#include "algorithms/rows/sums.h"
#include "problem/plain.h"

namespace cconv::gemm {
namespace {

using pixels::Band, pixels::Runs, pixels::Strip, pixels::Sums;

template <class T>
class Run {
 public:
  // packed: all panels, or null where each item packs its own.
  Run(const Problem& p, const View& src, const View& dst, const Packer<T>& packer,
      const std::byte* packed, const Tiling& tiling, std::byte* border, std::byte* workspace)
      : p_(p),
        t_(tiling),
        terms_(terms_of(p)),
        panels_(panels_of(p)),
        pixels_(p, src, tiling.strips, terms_.whole_rows, reinterpret_cast<T*>(border)),
        result_(p, dst),
        packer_(packer),
        packed_(packed),
        bounds_(rows::bounds_of<T>(p)),
        workspace_(workspace),
        // Activations take whole vectors.
        sums_in_dst_(result_.holds_sums() && OCg() == panels_.channels() &&
                     (!panels_.half || rows::only_bounds(p.activation))) {}

  // Before the first item.
  void clear(int threads) const {
    for (int worker = 0; worker < threads; ++worker) {
      const Scratch s = scratch_of(worker);
      new (s.held) Held{-1, -1, Band(t_.strips, t_.pixel_bytes, s.band)};
    }
  }

  void item(std::int64_t index, int worker, Stop& stop) const {
    const Item item = item_of(index);
    const Strip strip = t_.strips.at(p_, item.strip);
    const Scratch scratch = scratch_of(worker);
    prepare(item, strip, scratch);
    const std::int64_t first = panels_.first(item.panels.begin) * panels_.lanes;
    const std::int64_t width = panels_.first(item.panels.end) * panels_.lanes - first;
    const std::int64_t channel = item.g * OCg() + first;
    const Sums sums =
        sums_in_dst_ ? result_.sums_at(strip, channel) : Sums{scratch.sums, width * kSize};
    if (!sum(strip, item, sums, scratch, worker, stop)) return;
    result_.finish(sums, strip.count, width);
    if (!sums_in_dst_) result_.store(sums, strip, channel, std::min(width, OCg() - first));
  }

 private:
  using Product = typename rows::Sum<T>::Product;
  static constexpr std::int64_t kSize = sizeof(T);

  // A strip of positions and some panels of a group.
  struct Item {
    std::int64_t g, strip;
    Range panels;
  };

  // What a thread's scratch holds from its last item; -1: nothing.
  struct Held {
    std::int64_t panel, strip;
    Band band;
  };
  static_assert(sizeof(Held) <= kHeldBytes);

  struct Scratch {
    Held* held;
    std::byte* band;
    std::byte* sums;
    const std::byte** table;
    std::byte* packed;
  };

  std::int64_t OCg() const { return p_.OC / p_.G; }

  Scratch scratch_of(int worker) const {
    std::byte* at = workspace_ + worker * t_.bytes_per_thread();
    Scratch s{};
    s.held = reinterpret_cast<Held*>(take(at, kHeldBytes));
    s.band = take(at, t_.band_bytes);
    s.sums = take(at, t_.sums_bytes);
    s.table = reinterpret_cast<const std::byte**>(take(at, t_.table_bytes));
    s.packed = take(at, t_.packed_bytes);
    return s;
  }

  // Items of one strip follow one another, so that its input is still in cache; or where they pack,
  // those of one panel.
  Item item_of(std::int64_t index) const {
    const std::int64_t inner = t_.packs ? t_.strips.count : t_.channel_blocks;
    const std::int64_t i = index % inner, j = index / inner;
    const std::int64_t channel_block = t_.packs ? j % t_.channel_blocks : i;
    const Range panels{channel_block * t_.panels,
                       std::min((channel_block + 1) * t_.panels, panels_.count)};
    if (t_.packs) return {j / t_.channel_blocks, i, panels};
    return {j % p_.G, j / p_.G, panels};
  }

  // Makes what the item needs and the scratch does not hold yet.
  void prepare(const Item& item, const Strip& strip, const Scratch& scratch) const {
    Held& held = *scratch.held;
    const std::int64_t panel = item.g * panels_.count + item.panels.begin;
    const std::int64_t place = item.g * t_.strips.count + item.strip;
    if (t_.packs && std::exchange(held.panel, panel) != panel) packer_.pack(panel, scratch.packed);
    if (std::exchange(held.strip, place) != place) pixels_.begin(strip, held.band);
  }

  // False after a stop, for which it looks between blocks of terms.  Zeros leave sums as they are,
  // none of which is -0, so that positions where a block sees nothing but a border of them are left
  // out; blocks of no terms begin and bound the sums of these.
  bool sum(const Strip& strip, const Item& item, const Sums& sums, const Scratch& scratch,
           int worker, Stop& stop) const {
    const std::int64_t ICg = p_.IC / p_.G;
    const std::int64_t together = pixels_.taps_together();
    bool begun = false;
    const auto add = [&](Block<Product>& block, const Runs& runs, std::int64_t term) {
      const bool first = !std::exchange(begun, true);
      multiply(block, runs, item, term, first, sums.data, scratch.packed);
    };
    for (std::int64_t tap = 0; tap < p_.taps(); tap += terms_.taps) {
      const std::int64_t taps = std::min(terms_.taps, p_.taps() - tap);
      const bool last = tap + terms_.taps >= p_.taps();
      const Runs runs = pixels_.runs(strip, tap, taps);
      const bool whole = runs.positions == strip.count;
      Block<Product> block{};
      block.pixels = scratch.table;
      block.pitch = strip.count;
      block.sums_pitch = sums.pitch;
      if (!begun && !whole) add(block, Runs::all(strip.count), 0);
      if (runs.count > 0) pixels_.find(strip, item.g, tap, taps, scratch.held->band, scratch.table);
      block.taps = taps / together;
      for (std::int64_t c = 0; runs.count > 0 && c < ICg; c += terms_.channels) {
        if (worker == 0) stop.poll_when_due();
        if (stop.requested()) return false;
        const std::int64_t channels = std::min(terms_.channels, ICg - c);
        block.skip = c * kSize;
        block.channels = channels * together;
        if (last && whole && c + channels == ICg) block.bounds = bounds_;
        add(block, runs, tap * ICg + c);
      }
      if (!last || whole || !bounds_.apply) continue;
      block.taps = 0;
      block.bounds = bounds_;
      add(block, Runs::all(strip.count), 0);
    }
    return true;
  }

  // Terms from `term` on, for each panel; `first`: before all others.
  void multiply(Block<Product>& block, const Runs& runs, const Item& item, std::int64_t term,
                bool first, std::byte* sums, const std::byte* own) const {
    const std::int64_t row = panels_.lanes * kSize;
    const std::byte* const* const pixels = block.pixels;
    for (std::int64_t panel = item.panels.begin; panel < item.panels.end; ++panel) {
      const std::byte* const packed =
          t_.packs ? own : packed_ + packer_.offset(item.g * panels_.count + panel);
      block.vectors = panels_.width(panel);
      block.half = panels_.half;
      block.bias = first ? packed : nullptr;
      block.weights = packed + (1 + term) * block.vectors * row;
      for (int i = 0; i < runs.count; ++i) {
        block.pixels = pixels + runs.begin[i];
        block.positions = runs.end[i] - runs.begin[i];
        block.sums = sums + runs.begin[i] * block.sums_pitch;
        kernels_of(Product{}).multiply(block);
      }
      sums += block.vectors * row;
    }
    block.pixels = pixels;
  }

  const Problem& p_;
  const Tiling& t_;
  const Terms terms_;
  const Panels panels_;
  const pixels::Pixels<T> pixels_;
  const pixels::Result<T> result_;
  const Packer<T>& packer_;
  const std::byte* const packed_;
  const rows::Bounds<Product> bounds_;
  std::byte* const workspace_;
  const bool sums_in_dst_;
};

template <class T>
void run_as(const Problem& problem, const Operands& operands, int threads, Stop& stop) {
  View src = operands.src;
  Problem p = problem;
  // Columns that follow one another are copied faster together.
  skip_unread(p, src, src.spatial[2] == size_of(p.src_type) ? 2 : kSpatial);
  p = merge_rows(p, src);
  const Tiling tiling = tiling_of(p, reads_in_place(p) && src.channel == size_of(p.src_type));
  const std::int64_t packed = packed_first_bytes(p, tiling);
  const Workspace workspace(scratch_bytes(p, tiling, threads));
  std::byte* const own = workspace.data() + border_bytes(p);
  const Packer<T> packer(p, operands.weights, operands.bias);
  if (packed > 0)
    parallel_for(packer.panels(), threads, stop,
                 [&](std::int64_t panel, int) { packer.pack(panel, own + packer.offset(panel)); });
  const Run<T> run(p, src, operands.dst, packer, packed > 0 ? own : operands.prepared, tiling,
                   workspace.data(), own + packed);
  run.clear(threads);
  parallel_for(tiling.items(p), threads, stop,
               [&](std::int64_t item, int worker) { run.item(item, worker, stop); });
}

class Gemm final : public Room {
 public:
  Algorithm algorithm() const override { return Algorithm::gemm; }

  const char* refusal(const Problem& p) const override {
    if (is_complex(p.sum_type)) return "multiplies real numbers only";
    if (p.terms() == 0) return "needs at least one channel";
    return nullptr;
  }

  double cost(const Problem& p) const override { return seconds(p); }

  std::int64_t items(const Problem& p) const override { return tiled(p).items(p); }

  std::int64_t workspace(const Problem& p, int threads) const override {
    return scratch_bytes(p, tiled(p), threads);
  }

  std::string tiles(const Problem& p) const override {
    const Tiling t = tiled(p);
    const Panels panels = panels_of(p);
    const Terms terms = terms_of(p);
    return std::to_string(t.strips.positions) + " positions x " +
           std::to_string(std::min(t.panels * kernels().most_vectors * panels.lanes, p.OC / p.G)) +
           " channels x " + std::to_string(terms.taps * terms.channels) + " terms";
  }

  std::int64_t prepared_bytes(const Problem& p) const override { return packed_bytes(p); }

  void prepare(const Problem& p, const std::byte* weights, const std::byte* bias,
               std::byte* prepared) const override {
    rows::with_sum_type(p, [&](auto zero) {
      const Packer<decltype(zero)> packer(p, weights, bias);
      for (std::int64_t panel = 0; panel < packer.panels(); ++panel)
        packer.pack(panel, prepared + packer.offset(panel));
    });
  }

  void run(const Problem& p, const Operands& operands, int threads, Stop& stop) const override {
    rows::with_sum_type(p, [&](auto zero) { run_as<decltype(zero)>(p, operands, threads, stop); });
  }

 private:
  // As it is for arrays of contiguous memory.
  static Tiling tiled(Problem p) {
    View src;
    skip_unread(p, src, p.channels_last ? kSpatial : 2);
    return tiling_of(p, reads_in_place(p) && p.channels_last);
  }
};

}  // namespace
}  // namespace cconv::gemm

namespace cconv {

const Room& gemm_room() {
  static const gemm::Gemm room;
  return room;
}

}  // namespace cconv
