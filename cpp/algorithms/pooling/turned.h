// Planes of short rows, turned into channels of positions.
#pragma once

#include <algorithm>
#include <bit>

#include "algorithms/pooling/run.h"
#include "runtime/workspace.h"

namespace cconv::pooling {

// Whether rows of results are so short that vectors of planes are faster (benchmarks/pools.py):
// there are no kernels for large strides and rare types that fill short rows.
inline bool has_short_rows(const PoolProblem& p) {
  constexpr std::int64_t kLine = kCacheLine, kQuarter = kLine / 4, kFew = 6;
  const std::int64_t row = saturating_multiply(p.axis[2].out, size_of(p.src_type));
  if (has_shares(p)) return row <= 16 * kLine / size_of(p.src_type);
  const Window &h = p.axis[1].window, &w = p.axis[2].window;
  if (w.stride > 2 || reduction_of(p, p.src_type).slide == nullptr) return row < 4 * kLine;
  const bool few = is_float(p.src_type) && h.kernel + w.kernel <= kFew;
  return row < (few ? kQuarter : kLine);
}

// Likewise of planes that are searched: those that searched.h does not take, and shorter rows.
inline bool is_searched_turned(const PoolProblem& p) {
  constexpr std::int64_t kFew = 4, kLong = 24, kLongOfMany = 96;
  const auto& [d, h, w] = p.axis;
  const bool few = saturating_product({d.window.kernel, h.window.kernel, w.window.kernel}) <= kFew;
  return has_shares(p) || w.window.stride > 2 || w.out < (few ? kLong : kLongOfMany);
}

// Planes of short rows, or that are searched: as many as make a line of the cache are turned into
// channels of positions, and their results back.
inline bool takes_turned(const PoolProblem& p, const View& src, const View& dst) {
  if (p.channels_last || p.dst_type != working_type(p) || converts(p) || parts_of(p) > 1)
    return false;
  constexpr std::int64_t kFewest = 4, kMostBytes = 1 << 20;
  const std::int64_t size = size_of(p.src_type);
  if (p.C < kFewest) return false;
  if (p.wants_indices ? !is_searched_turned(p) : !has_short_rows(p)) return false;
  std::int64_t in = size, out = size;
  for (int i = kSpatial - 1; i >= 0; --i) {
    if (p.axis[i].in > 1 && src.spatial[i] != in) return false;
    if (p.axis[i].out > 1 && dst.spatial[i] != out) return false;
    in = saturating_multiply(in, p.axis[i].in);
    out = saturating_multiply(out, p.axis[i].out);
  }
  const std::int64_t together = kCacheLine / size;
  return saturating_multiply(in, together) <= kMostBytes &&
         saturating_multiply(out, together) <= kMostBytes;
}

// Such a pool: of each block of planes one with channels last, in scratch.
class Turned {
 public:
  Turned(const PoolProblem& p, const View& src, const View& dst, std::int64_t* indices)
      : p_(p), q_(p), src_(src), dst_(dst), indices_(indices) {
    q_.channels_last = true;
    q_.N = 1;
    q_.C = kCacheLine / size_of(p.src_type);
    tiling_ = tiling_of(q_);
    in_bytes_ = whole_lines(inputs() * kCacheLine);
    out_bytes_ = whole_lines(p.outputs() * kCacheLine);
    indices_bytes_ = p.wants_indices ? p.outputs() * q_.C * kIndex : 0;
    per_image_ = divide_up(p.C, q_.C);
  }

  std::int64_t bytes_per_thread() const {
    return in_bytes_ + out_bytes_ + indices_bytes_ + whole_lines(tiling_.bytes_per_thread());
  }
  std::int64_t items() const { return p_.N * per_image_; }

  void item(std::int64_t index, int worker, std::byte* workspace, Stop& stop) const {
    const std::int64_t n = index / per_image_, c = index % per_image_ * q_.C;
    const std::int64_t channels = std::min(q_.C, p_.C - c), size = size_of(p_.src_type);
    std::byte* const in = workspace;
    std::byte* const out = in + in_bytes_;
    auto* const indices = reinterpret_cast<std::int64_t*>(out + out_bytes_);
    turn(src_.data + src_.batch->offset(n) + c * src_.channel, size, src_.channel, size, inputs(),
         channels, in, q_.C);
    const Batch none{};
    const View from = view(none, in, [](const PoolAxis& a) { return a.in; });
    const View to = view(none, out, [](const PoolAxis& a) { return a.out; });
    const Run run(q_, from, to, p_.wants_indices ? indices : nullptr, tiling_,
                  out + out_bytes_ + indices_bytes_);
    run.all_items(worker, stop);
    std::byte* const result = dst_.data + dst_.batch->offset(n) + c * dst_.channel;
    turn(out, size, kCacheLine, size, channels, p_.outputs(), result, dst_.channel / size);
    if (p_.wants_indices)
      turn(reinterpret_cast<const std::byte*>(indices), kIndex, q_.C * kIndex, kIndex, channels,
           p_.outputs(), indices_ + (result - dst_.data) / size, dst_.channel / size);
  }

 private:
  static constexpr std::int64_t kIndex = sizeof(std::int64_t);

  std::int64_t inputs() const { return p_.axis[0].in * p_.axis[1].in * p_.axis[2].in; }

  // dst[r * pitch + i] = element (r, i) of src, of `size` bytes.
  static void turn(const std::byte* src, std::int64_t row_step, std::int64_t step,
                   std::int64_t size, std::int64_t rows, std::int64_t count, void* dst,
                   std::int64_t pitch) {
    const auto bytes = static_cast<std::uint64_t>(size);
    rows::kernels().gather[std::countr_zero(bytes)]({src, row_step, step, rows, count}, dst, pitch);
  }

  template <class Extent>
  View view(const Batch& batch, std::byte* data, Extent extent) const {
    View v;
    v.data = data;
    v.batch = &batch;
    v.channel = size_of(p_.src_type);
    std::int64_t step = kCacheLine;
    for (int i = kSpatial - 1; i >= 0; --i) {
      v.spatial[i] = step;
      step *= extent(p_.axis[i]);
    }
    return v;
  }

  const PoolProblem& p_;
  PoolProblem q_;  // of one block of channels
  const View &src_, &dst_;
  std::int64_t* const indices_;
  Tiling tiling_;
  std::int64_t in_bytes_, out_bytes_, indices_bytes_, per_image_;
};

inline void run_turned(const PoolProblem& p, const View& src, const View& dst,
                       std::int64_t* indices, int threads, Stop& stop) {
  const Turned turned(p, src, dst, indices);
  const Workspace workspace(turned.bytes_per_thread() * threads);
  parallel_for(turned.items(), threads, stop, [&](std::int64_t item, int worker) {
    turned.item(item, worker, workspace.data() + worker * turned.bytes_per_thread(), stop);
  });
}

}  // namespace cconv::pooling
