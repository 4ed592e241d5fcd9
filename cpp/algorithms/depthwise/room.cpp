// Depthwise convolution: a filter for each channel.  Channels lie in the vector lanes.
//
// The outputs of all images are cut into strips; for a strip, pixels/pixels.h makes a table of
// addresses, one for each tap and position, through which the kernel goes once for each few vectors
// of channels.
#include "algorithms/room.h"

#include <cstring>
#include <new>

#include "algorithms/depthwise/cost.h"
#include "algorithms/depthwise/kernel.h"
#include "algorithms/depthwise/tiling.h"
#include "algorithms/pixels/pixels.h"
#include "algorithms/pixels/result.h"
#include "algorithms/rows/sums.h"

namespace cconv::depthwise {
namespace {

using pixels::Band, pixels::Strip, pixels::Sums;

void filter(const Block<float>& block) { kernels().filter_float32(block); }
void filter(const Block<double>& block) { kernels().filter_float64(block); }
void filter(const Block<std::uint32_t>& block) { kernels().filter_uint32(block); }
void filter(const Block<std::uint64_t>& block) { kernels().filter_uint64(block); }

void pack(const Problem& p, const std::byte* weights, const std::byte* bias, std::byte* packed) {
  const std::int64_t size = size_of(p.sum_type), row = p.OC * size;
  if (bias != nullptr)
    std::memcpy(packed, bias, static_cast<std::size_t>(row));
  else
    std::memset(packed, 0, static_cast<std::size_t>(row));
  const rows::Load load = rows::kernels().load[static_cast<int>(p.sum_type)][sum_index(p.sum_type)];
  load({weights, size, p.taps() * size, p.taps(), p.OC}, packed + row, p.OC);
}

template <class T>
class Run {
 public:
  Run(const Problem& p, const View& src, const View& dst, const std::byte* packed,
      const Tiling& tiling, std::byte* border, std::byte* workspace)
      : p_(p),
        t_(tiling),
        pixels_(p, src, tiling.strips, false, reinterpret_cast<T*>(border)),
        result_(p, dst),
        packed_(packed),
        bounds_(rows::bounds_of<T>(p)),
        workspace_(workspace),
        sums_in_dst_(result_.holds_sums() &&
                     (rows::only_bounds(p.activation) || p.OC % lanes_of(p) == 0)) {}

  void item(std::int64_t index, int worker) const {
    std::byte* const band_memory = workspace_ + worker * t_.bytes_per_thread();
    std::byte* const own = band_memory + t_.band_bytes;
    auto* const table = reinterpret_cast<const std::byte**>(own + t_.sums_bytes);

    const Strip strip = t_.strips.at(p_, index);
    Band band(t_.strips, t_.pixel_bytes, band_memory);
    pixels_.begin(strip, band);
    pixels_.find(strip, 0, 0, p_.taps(), band, table);

    const Sums sums = sums_in_dst_ ? result_.sums_at(strip, 0) : Sums{own, p_.OC * kSize};
    const Window& w = p_.axis[2].window;
    filter(Block<Product>{table, strip.count, strip.count, p_.axis[2].out, strip.cursor.ow,
                          p_.taps(), w.dilation == 1 ? w.kernel : 0, w.stride, p_.OC, packed_,
                          sums.data, sums.pitch, bounds_});
    if (sums_in_dst_) return result_.finish(sums, strip.count, p_.OC);
    // One row, whose last vector may reach into the table.
    result_.finish(sums, 1, strip.count * p_.OC);
    result_.store(sums, strip, 0, p_.OC);
  }

 private:
  using Product = typename rows::Sum<T>::Product;
  static constexpr std::int64_t kSize = sizeof(T);

  const Problem& p_;
  const Tiling& t_;
  const pixels::Pixels<T> pixels_;
  const pixels::Result<T> result_;
  const std::byte* const packed_;
  const rows::Bounds<Product> bounds_;
  std::byte* const workspace_;
  const bool sums_in_dst_;
};

// The channels of all groups as those of one.
Problem as_one_group(Problem p) {
  p.G = 1;
  return p;
}

template <class T>
void run_as(const Problem& p, const Operands& a, int threads, Stop& stop) {
  const Tiling tiling =
      tiling_of(p, p.src_type == p.sum_type && a.src.channel == size_of(p.src_type));
  const Workspace workspace(scratch_bytes(p, tiling, threads));
  std::byte* const own = workspace.data() + border_bytes(p);
  if (!p.prepared) pack(p, a.weights, a.bias, own);
  const Run<T> run(p, a.src, a.dst, p.prepared ? a.prepared : own, tiling, workspace.data(),
                   own + (p.prepared ? 0 : packed_bytes(p)));
  parallel_for(tiling.strips.count, threads, stop,
               [&](std::int64_t item, int worker) { run.item(item, worker); });
}

class Depthwise final : public Room {
 public:
  Algorithm algorithm() const override { return Algorithm::depthwise; }

  const char* refusal(const Problem& p) const override {
    if (is_complex(p.sum_type)) return "multiplies real numbers only";
    if (p.IC != p.G || p.OC != p.G) return "needs as many groups as channels on both sides";
    if (p.G < lanes_of(p)) return "needs at least a vector of channels";
    if (p.taps() > kMostTaps) return "takes windows of at most 256 taps";
    return nullptr;
  }

  double cost(const Problem& p) const override { return seconds(p); }

  std::int64_t items(const Problem& p) const override { return tiled(p).strips.count; }

  std::int64_t workspace(const Problem& p, int threads) const override {
    const Problem one = as_one_group(p);
    return scratch_bytes(one, tiled(p), threads);
  }

  std::string tiles(const Problem& p) const override {
    return std::to_string(tiled(p).strips.positions) + " positions x " + std::to_string(p.OC) +
           " channels x " + std::to_string(p.taps()) + " taps";
  }

  std::int64_t prepared_bytes(const Problem& p) const override { return packed_bytes(p); }

  void prepare(const Problem& p, const std::byte* weights, const std::byte* bias,
               std::byte* prepared) const override {
    pack(p, weights, bias, prepared);
  }

  void run(const Problem& problem, const Operands& a, int threads, Stop& stop) const override {
    const Problem p = as_one_group(problem);
    rows::with_sum_type(p, [&](auto zero) { run_as<decltype(zero)>(p, a, threads, stop); });
  }

 private:
  // As it is for arrays of contiguous memory.
  static Tiling tiled(const Problem& p) {
    return tiling_of(as_one_group(p), p.src_type == p.sum_type && p.channels_last);
  }
};

}  // namespace
}  // namespace cconv::depthwise

namespace cconv {

const Room& depthwise_room() {
  static const depthwise::Depthwise room;
  return room;
}

}  // namespace cconv
