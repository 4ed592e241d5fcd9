// The way out: rows of sums become rows of the result.
#pragma once

#include "algorithms/planes/geometry.h"
#include "algorithms/rows/sums.h"
#include "runtime/streaming.h"

namespace cconv::planes {

template <class T>
class Result {
 public:
  // lanes: the least that a row of sums has.  products: of a sum.  bounded: whether sums are, where
  // an activation does no more.
  Result(const Problem& p, const Geometry& g, std::byte* dst, std::int64_t lanes,
         std::int64_t products, bool bounded)
      : p_(p),
        g_(g),
        dst_(dst),
        activates_(p.activation != Activation::none &&
                   !(bounded && rows::only_bounds(p.activation))) {
    const bool dense = p.dst_type == rows::Sum<T>::kType && g.dst_step[2] == kSize;
    const std::int64_t row = g.columns() * kSize;
    constexpr std::int64_t kFewProducts = 32;  // the memory is what limits these
    streams_ =
        dense && products <= kFewProducts && row >= kStreamedPiece &&
        saturating_multiply(row, saturating_multiply(units_of(g), g.h.out)) >= kStreamedBytes;
    holds_sums_ = dense && !streams_ && !activates_ && g.columns() >= lanes;
  }

  // Whether sums are results as they are, and may be written where these end up.
  bool holds_sums() const { return holds_sums_; }

  std::byte* at(const Unit& u, std::int64_t oh, std::int64_t column) const {
    return dst_ + dst_offset(g_, u, oh) + column * g_.dst_step[2];
  }

  // After the last store of an item.
  void end() const {
    if (streams_) end_streams();
  }

  // `count` sums of each row, `pitch` bytes apart, become results from `to` on; the sums are lost.
  void store(std::byte* sums, std::int64_t pitch, std::int64_t rows, std::int64_t count,
             std::byte* to) const {
    if (activates_)
      for (std::int64_t r = 0; r < rows; ++r)
        rows::finish(p_, T{}, reinterpret_cast<T*>(sums + r * pitch), count);
    if (streams_) {
      for (std::int64_t r = 0; r < rows; ++r)
        stream(to + r * g_.dst_step[1], sums + r * pitch, count * kSize);
      return;
    }
    const rows::Store store =
        rows::kernels().store[sum_index(rows::finished_type<T>(p_))][static_cast<int>(p_.dst_type)];
    store(sums, pitch / kSize, {to, g_.dst_step[1], g_.dst_step[2], rows, count});
  }

 private:
  static constexpr std::int64_t kSize = sizeof(T);

  const Problem& p_;
  const Geometry& g_;
  std::byte* const dst_;
  const bool activates_;
  bool streams_;  // a large result, past the caches
  bool holds_sums_;
};

}  // namespace cconv::planes
