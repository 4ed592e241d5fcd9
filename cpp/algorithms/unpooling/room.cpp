// Each thread takes planes, or some channels of an image, and goes through their values in C order.
#include "algorithms/unpooling/room.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "algorithms/rows/kernel.h"
#include "isa/vec.h"

namespace cconv::unpooling {
namespace {

constexpr std::int64_t kChannels = 64;   // of an item, channels last
constexpr std::int64_t kIndices = 1024;  // read together

class Run {
 public:
  Run(const UnpoolProblem& p, const View& src, const View& indices, const View& dst)
      : p_(p),
        src_(src),
        indices_(indices),
        dst_(dst),
        size_(size_of(p.type)),
        places_(p.out[0] * p.out[1] * p.out[2]),
        channels_last_(p.C > 1 && dst.channel == size_),
        channels_(channels_last_ ? std::min(p.C, kChannels) : 1) {}

  std::int64_t items() const { return p_.N * blocks(); }

  // False when an index names no place.
  bool item(std::int64_t index, int worker, Stop& stop) const {
    const auto stopped = [&] {
      if (worker == 0) stop.poll_when_due();
      return stop.requested();
    };
    clear(index, stopped);
    switch (size_) {
      case 1:
        return place<std::uint8_t>(index, stopped);
      case 2:
        return place<std::uint16_t>(index, stopped);
      case 4:
        return place<std::uint32_t>(index, stopped);
      case 8:
        return place<std::uint64_t>(index, stopped);
      default:
        return place<Vec<std::uint64_t, 2>::Native>(index, stopped);
    }
  }

  // The first index that names no place.
  std::optional<std::int64_t> misplaced() const {
    std::optional<std::int64_t> found;
    for (std::int64_t item = 0; item < items() && !found; ++item)
      each_chunk(item, [&](const std::int64_t* indices, const std::byte*, std::int64_t count,
                           std::int64_t channels) {
        for (std::int64_t i = 0; i < count * channels && !found; ++i)
          if (!is_place(indices[i])) found = indices[i];
        return !found;
      });
    return found;
  }

 private:
  std::int64_t blocks() const { return (p_.C + channels_ - 1) / channels_; }
  bool is_place(std::int64_t index) const { return index >= 0 && index < places_; }
  std::int64_t first_channel(std::int64_t item) const { return item % blocks() * channels_; }
  std::int64_t channels_of(std::int64_t item) const {
    return std::min(channels_, p_.C - first_channel(item));
  }
  std::int64_t offset(const View& view, std::int64_t item) const {
    return view.batch->offset(item / blocks()) + first_channel(item) * view.channel;
  }

  template <class Stopped>
  void clear(std::int64_t item, Stopped stopped) const {
    constexpr std::int64_t kTogether = 1 << 20;  // places
    std::byte* const dst = dst_.data + offset(dst_, item);
    const std::int64_t step = channels_last_ ? 1 : kTogether;
    const std::int64_t bytes = channels_of(item) * size_;
    for (std::int64_t i = 0; i < places_; i += step) {
      if (i % kTogether == 0 && stopped()) return;
      const std::int64_t count = std::min(step, places_ - i);
      std::memset(dst + i * dst_.spatial[2], 0, static_cast<std::size_t>(count * bytes));
    }
  }

  // Calls visit(indices, src, positions, channels) for pieces of rows, in C order, while it says
  // so.
  template <class Visit>
  void each_chunk(std::int64_t item, Visit visit) const {
    const rows::Load load =
        rows::kernels().load[static_cast<int>(p_.index_type)][sum_index(Type::int64)];
    const std::int64_t channels = channels_of(item), most = kIndices / channels;
    const std::byte* const src = src_.data + offset(src_, item);
    const std::byte* const indices = indices_.data + offset(indices_, item);
    const auto at = [](const View& view, std::int64_t d, std::int64_t h, std::int64_t w) {
      return d * view.spatial[0] + h * view.spatial[1] + w * view.spatial[2];
    };
    std::int64_t read[kIndices];
    for (std::int64_t d = 0; d < p_.in[0]; ++d)
      for (std::int64_t h = 0; h < p_.in[1]; ++h)
        for (std::int64_t w = 0; w < p_.in[2]; w += most) {
          const std::int64_t count = std::min(most, p_.in[2] - w);
          load({indices + at(indices_, d, h, w), indices_.spatial[2], indices_.channel, count,
                channels},
               read, channels);
          if (!visit(read, src + at(src_, d, h, w), count, channels)) return;
        }
  }

  template <class T, class Stopped>
  bool place(std::int64_t item, Stopped stopped) const {
    std::byte* const dst = dst_.data + offset(dst_, item);
    bool placed = true;
    each_chunk(item, [&](const std::int64_t* indices, const std::byte* src, std::int64_t count,
                         std::int64_t channels) {
      for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t c = 0; c < channels; ++c) {
          const std::int64_t index = indices[i * channels + c];
          if (!is_place(index)) return placed = false;
          store_one(dst + index * dst_.spatial[2] + c * dst_.channel,
                    load_one<T>(src + i * src_.spatial[2] + c * src_.channel));
        }
      return !stopped();
    });
    return placed;
  }

  const UnpoolProblem& p_;
  const View& src_;
  const View& indices_;
  const View& dst_;
  const std::int64_t size_;
  const std::int64_t places_;  // of a plane
  const bool channels_last_;
  const std::int64_t channels_;  // of an item
};

}  // namespace

double cost(const UnpoolProblem& p) {
  constexpr double kSecondsPerValue = 1.5e-9, kSecondsPerByte = 0.1e-9;
  const double planes = static_cast<double>(p.N) * static_cast<double>(p.C);
  double values = 1, places = static_cast<double>(size_of(p.type));
  for (int a = 0; a < kSpatial; ++a) {
    values *= static_cast<double>(p.in[a]);
    places *= static_cast<double>(p.out[a]);
  }
  return planes * (kSecondsPerValue * values + kSecondsPerByte * places);
}

std::optional<std::int64_t> run(const UnpoolProblem& p, const View& src, const View& indices,
                                const View& dst, int threads, Stop& stop) {
  if (p.N == 0 || p.C == 0) return {};
  const Run run(p, src, indices, dst);
  std::atomic<bool> misplaced{false};
  parallel_for(run.items(), threads, stop, [&](std::int64_t item, int worker) {
    if (!run.item(item, worker, stop)) misplaced.store(true, std::memory_order_relaxed);
  });
  return misplaced.load() ? run.misplaced() : std::nullopt;
}

}  // namespace cconv::unpooling
