// Where sums of a strip grow, and how they become the result: rows of channels, one for each
// position, in the result itself or in scratch.
#pragma once

#include <algorithm>
#include <utility>

#include "algorithms/pixels/strips.h"
#include "algorithms/rows/sums.h"

namespace cconv::pixels {

// Rows `pitch` bytes apart.
struct Sums {
  std::byte* data;
  std::int64_t pitch;
};

template <class T>
class Result {
 public:
  Result(const Problem& p, const View& dst) : p_(p), dst_(dst) {}

  // Whether the result is one array of such rows.
  bool holds_sums() const {
    const std::int64_t pitch = p_.OC * kSize;
    const bool images =
        p_.N == 1 || (dst_.batch->axes == 1 && dst_.batch->stride[0] == p_.outputs() * pitch);
    return p_.dst_type == rows::Sum<T>::kType && p_.dst_type == rows::finished_type<T>(p_) &&
           dst_.channel == kSize && dst_.spatial[2] == pitch && images;
  }

  Sums sums_at(const Strip& strip, std::int64_t channel) const {
    return {at(strip.begin, channel), dst_.spatial[2]};
  }

  // The activation; the bias is in the sums already, and bounds are.  `count` is whole vectors.
  // Rows without gap are one.
  void finish(const Sums& sums, std::int64_t rows, std::int64_t count) const {
    if (rows::only_bounds(p_.activation)) return;
    if (count * kSize == sums.pitch) count *= std::exchange(rows, 1);
    for (std::int64_t i = 0; i < rows; ++i)
      rows::finish(p_, T{}, reinterpret_cast<T*>(sums.data + i * sums.pitch), count);
  }

  // Finished sums of the channels from `channel` on.
  void store(const Sums& sums, const Strip& strip, std::int64_t channel,
             std::int64_t channels) const {
    const rows::Store store =
        rows::kernels().store[sum_index(rows::finished_type<T>(p_))][static_cast<int>(p_.dst_type)];
    const std::int64_t image = p_.outputs();
    for (std::int64_t i = 0; i < strip.count;) {
      const std::int64_t position = strip.begin + i;
      const std::int64_t count = std::min(strip.count - i, image - position % image);
      store(sums.data + i * sums.pitch, sums.pitch / kSize,
            {at(position, channel), dst_.spatial[2], dst_.channel, count, channels});
      i += count;
    }
  }

 private:
  static constexpr std::int64_t kSize = sizeof(T);

  std::byte* at(std::int64_t position, std::int64_t channel) const {
    const std::int64_t image = p_.outputs();
    return dst_.data + dst_.batch->offset(position / image) + position % image * dst_.spatial[2] +
           channel * dst_.channel;
  }

  const Problem& p_;
  const View& dst_;
};

}  // namespace cconv::pixels
