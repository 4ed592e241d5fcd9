// The elements of a pool's input as the working type.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "algorithms/pooling/norm.h"
#include "algorithms/pooling/tiling.h"
#include "algorithms/rows/kernel.h"

namespace cconv::pooling {

// What changes nothing, as the bits of an element: the least value of a maximum, the largest of a
// minimum, 0 of a sum.
inline std::uint64_t neutral_of(Pool pool, Type type) {
  if (!is_extreme(pool)) return 0;
  const bool largest = pool == Pool::minimum;
  const std::uint64_t sign = std::uint64_t{1} << (8 * size_of(type) - 1);
  switch (type) {
    case Type::float32:
      return 0x7f80'0000 | (largest ? 0 : sign);  // infinity
    case Type::float64:
      return 0x7ff0'0000'0000'0000 | (largest ? 0 : sign);
    case Type::int8:
    case Type::int16:
    case Type::int32:
    case Type::int64:
      return largest ? sign - 1 : sign;
    case Type::boolean:
      return largest;
    default:
      return largest ? sign - 1 + sign : 0;
  }
}

class Source {
 public:
  Source(const PoolProblem& p, const View& view)
      : view(view),
        size(size_of(working_type(p))),
        p_(p),
        neutral_(neutral_of(p.pool, working_type(p))) {}

  const View& view;
  const std::int64_t size;  // of an element

  // Plane c of image n, or its channels from c on.
  const std::byte* plane(std::int64_t n, std::int64_t c) const {
    return view.data + view.batch->offset(n) + c * view.channel;
  }

  // Whether elements are of the working type, and the channels of a position side by side.
  bool is_ready() const {
    return !converts(p_) && (!p_.channels_last || view.channel == size_of(p_.src_type));
  }

  // `count` elements that change nothing: their first bytes are the lowest, little-endian.
  void fill(std::byte* dst, std::int64_t count) const {
    if (count <= 0) return;
    std::memcpy(dst, &neutral_, static_cast<std::size_t>(size));
    for (std::int64_t done = 1; done < count; done *= 2)
      std::memcpy(dst + done * size, dst,
                  static_cast<std::size_t>(std::min(done, count - done) * size));
  }

  // `count` positions of so many channels from src on, side by side.
  void load(const std::byte* src, std::int64_t count, std::int64_t channels, std::byte* dst) const {
    const rows::Kernels& k = rows::kernels();
    rows::Patch<const std::byte> patch{src, 0, view.spatial[2], 1, count};
    if (p_.channels_last) patch = {src, view.spatial[2], view.channel, count, channels};
    if (!converts(p_)) {
      const auto bytes = static_cast<std::uint64_t>(size_of(p_.src_type));
      if (patch.rows == 1 && patch.step == size_of(p_.src_type)) {
        std::memcpy(dst, src, bytes * static_cast<std::uint64_t>(patch.count));
        return;
      }
      return k.gather[std::countr_zero(bytes)](patch, dst, patch.count);
    }
    const bool complex = is_complex(p_.src_type);
    const Type to = complex ? Type::complex128 : working_type(p_);
    k.load[static_cast<int>(p_.src_type)][sum_index(to)](patch, dst, patch.count);
    if (p_.pool != Pool::norm) return;
    auto* const row = reinterpret_cast<double*>(dst);
    const std::int64_t elements = count * channels;
    if (complex) take_magnitudes(reinterpret_cast<const Complex<double>*>(dst), elements, row);
    raise(row, elements, p_.norm);
  }

 private:
  const PoolProblem& p_;
  const std::uint64_t neutral_;
};

}  // namespace cconv::pooling
