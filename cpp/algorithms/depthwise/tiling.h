// How the depthwise room cuts its work.
#pragma once

#include "algorithms/depthwise/kernel.h"
#include "algorithms/pixels/strips.h"
#include "problem/problem.h"
#include "runtime/workspace.h"

namespace cconv::depthwise {

// Blocking.  The sums of a strip stay in the second-level cache, as do rows that are copied for it.
constexpr std::int64_t kSumBytes = 128 << 10;
constexpr pixels::Limits kLimits{512, 16, 256 << 10};

// Taps in one chain of additions: bounds the error.
constexpr std::int64_t kMostTaps = 256;

inline std::int64_t lanes_of(const Problem& p) {
  return size_of(p.sum_type) == 8 ? kernels().lanes_float64 : kernels().lanes_float32;
}

struct Tiling {
  pixels::Strips strips;
  std::int64_t pixel_bytes;  // of a copied pixel; 0: they are read in place
  std::int64_t band_bytes, sums_bytes, table_bytes;

  std::int64_t bytes_per_thread() const { return band_bytes + sums_bytes + table_bytes; }
};

// Of the problem whose groups are taken as channels of one group.
inline Tiling tiling_of(const Problem& p, bool in_place) {
  const std::int64_t bytes = p.IC * size_of(p.sum_type);
  pixels::Limits limits = kLimits;
  limits.positions = std::clamp(kSumBytes / bytes, limits.fewest, limits.positions);
  Tiling t{};
  t.pixel_bytes = in_place ? 0 : bytes;
  t.strips = pixels::cut_strips(p, t.pixel_bytes, limits);
  t.band_bytes = pixels::Band::bytes(t.strips, t.pixel_bytes);
  t.sums_bytes = whole_lines(t.strips.positions * bytes);
  t.table_bytes =
      whole_lines(t.strips.positions * p.taps() * static_cast<std::int64_t>(sizeof(std::byte*)));
  return t;
}

// A row of taps in a constant border.
inline std::int64_t border_bytes(const Problem& p) {
  return whole_lines(saturating_product({p.axis[2].window.kernel, p.IC, size_of(p.sum_type)}));
}

// A row of biases and one for each tap.
inline std::int64_t packed_bytes(const Problem& p) {
  return whole_lines(saturating_product({p.OC, size_of(p.sum_type), p.taps() + 1}));
}

// Of a run: the border, packed weights where none are prepared, and what each thread needs.
inline std::int64_t scratch_bytes(const Problem& p, const Tiling& t, int threads) {
  return saturating_add(saturating_multiply(t.bytes_per_thread(), threads),
                        border_bytes(p) + (p.prepared ? 0 : packed_bytes(p)));
}

}  // namespace cconv::depthwise
