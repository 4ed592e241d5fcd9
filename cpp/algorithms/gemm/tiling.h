// How the gemm room cuts its work: blocks of terms, panels of output channels, strips of positions.
#pragma once

#include <algorithm>

#include "algorithms/gemm/kernel.h"
#include "algorithms/pixels/strips.h"
#include "problem/problem.h"
#include "runtime/workspace.h"

namespace cconv::gemm {

// Terms in one chain of additions: bounds the error.
constexpr std::int64_t kTermsPerBlock = 256;

// Blocking.  What an item works on stays in the second-level cache: the sums of its positions and
// channels, and the rows of input that are copied for it.
constexpr std::int64_t kSumBytes = 256 << 10;
constexpr pixels::Limits kInPlace{192, 1, 0};
constexpr pixels::Limits kCopied{768, 64, 320 << 10};
// Weights that fill caches are read again for each strip, so that copies, which are gone through a
// block of terms at a time, may leave the second level for fewer strips.
constexpr std::int64_t kMostBandBytes = 1280 << 10, kWeightsPerBand = 8;
constexpr std::int64_t kStripsPacked = 4;  // as often a panel may be packed
constexpr double kCopiesPacked = 3.5;      // pixels copied for a weight packed, at most
constexpr std::int64_t kFewestItems = 16;  // cut channels further until there are so many
constexpr std::int64_t kFewestShares = 8;  // cut positions further for so many strips and panels,
constexpr std::int64_t kFewestPositions = 24;  // each of so many

// The share of taps that see no border, where that is of zeros and counting comes to an end.
inline double share_inside(const Problem& p) {
  constexpr std::int64_t kCounted = 1024;  // taps of an axis
  constexpr std::int64_t kMostCounted = kMaxExtent / 8;
  const BorderValue& border = p.border_value;
  const bool zero = border.integer == 0 && border.value.real == 0 && border.value.imaginary == 0;
  if (p.border != Border::constant || !zero) return 1;
  double share = 1;
  for (const Axis& a : p.axis) {
    const bool absurd =
        span(a.window) > kMostCounted || padded_extent(a.window, a.in) > kMostCounted;
    if (a.window.kernel > kCounted || a.out == 0 || absurd) continue;
    double inside = 0;
    for (std::int64_t tap = 0; tap < a.window.kernel; ++tap) {
      const Range positions = positions_inside(a.window, tap, a.in, a.out);
      inside += static_cast<double>(positions.end - positions.begin);
    }
    share *= inside / (static_cast<double>(a.window.kernel) * static_cast<double>(a.out));
  }
  return share;
}

// The terms (kd, kh, kw, c) of an output, in this order, in blocks: whole rows of taps; where these
// have too many terms, or two taps see the border so often that it is worth leaving out, whole
// taps; or parts of the channels of one tap.
struct Terms {
  std::int64_t taps;      // of a block, before the last one
  std::int64_t channels;  // of a block, before the last one of a tap
  bool whole_rows;
};

inline Terms terms_of(const Problem& p) {
  const std::int64_t ICg = p.IC / p.G, KW = p.axis[2].window.kernel;
  if (ICg > kTermsPerBlock) return {1, divide_up(ICg, divide_up(ICg, kTermsPerBlock)), KW == 1};
  const std::int64_t taps = kTermsPerBlock / ICg;
  constexpr double kWorthALook = 0.95;
  if (taps == 2 && p.taps() > 1 && share_inside(p) < kWorthALook) return {1, ICg, KW == 1};
  if (taps < KW) return {taps, ICg, false};
  return {std::min(taps / KW * KW, p.taps()), ICg, true};
}

// The output channels of a group as vectors, and these in panels as wide as a register tile, or
// narrower by one vector.
struct Panels {
  std::int64_t lanes, vectors, count;
  bool half;  // of a single panel the last vector is half one

  std::int64_t first(std::int64_t panel) const { return panel * vectors / count; }
  std::int64_t width(std::int64_t panel) const { return first(panel + 1) - first(panel); }
  // Of those that are summed.
  std::int64_t channels() const { return vectors * lanes - (half ? lanes / 2 : 0); }
};

inline Panels panels_of(const Problem& p) {
  const Kernels& k = kernels();
  const std::int64_t lanes = size_of(p.sum_type) == 8 ? k.float64.lanes : k.float32.lanes;
  const std::int64_t OCg = p.OC / p.G;
  const std::int64_t vectors = std::max<std::int64_t>(divide_up(OCg, lanes), 1);
  const bool half =
      is_float(p.sum_type) && vectors <= k.most_halved && vectors * lanes - OCg >= lanes / 2;
  return {lanes, vectors, divide_up(vectors, k.most_vectors), half};
}

// Packed weights of so many vectors of output channels: a row of biases and one for each term.
inline std::int64_t packed_bytes(const Problem& p, std::int64_t vectors) {
  return whole_lines(
      saturating_product({vectors, panels_of(p).lanes, size_of(p.sum_type), p.terms() + 1}));
}
inline std::int64_t packed_bytes(const Problem& p) {
  return packed_bytes(p, p.G * panels_of(p).vectors);
}

// A row of taps in a constant border.
inline std::int64_t border_bytes(const Problem& p) {
  return whole_lines(
      saturating_product({p.axis[2].window.kernel, p.IC / p.G, size_of(p.sum_type)}));
}

// Whether the kernel reads pixels where they are, given that their channels follow one another in
// the type of the sum.  Rows of few channels are copied: then all taps of a row follow one another.
inline bool reads_in_place(const Problem& p) {
  constexpr std::int64_t kFewChannels = 8;
  return p.src_type == p.sum_type && (p.IC / p.G >= kFewChannels || p.axis[2].window.kernel == 1);
}

constexpr std::int64_t kHeldBytes = 2 * kCacheLine;  // what a thread remembers, a few words

struct Tiling {
  pixels::Strips strips;
  std::int64_t pixel_bytes;  // of a copied pixel; 0: they are read in place
  std::int64_t panels;       // of an item, before the last one of its group
  std::int64_t channel_blocks;
  bool packs;  // an item packs its own panel
  std::int64_t band_bytes, sums_bytes, table_bytes, packed_bytes;

  std::int64_t bytes_per_thread() const {
    return kHeldBytes + band_bytes + sums_bytes + table_bytes + packed_bytes;
  }
  std::int64_t items(const Problem& p) const { return strips.count * channel_blocks * p.G; }
};

inline Tiling tiling_of(const Problem& p, bool in_place) {
  constexpr std::int64_t kWord = sizeof(std::int64_t);
  const std::int64_t size = size_of(p.sum_type);
  const Panels panels = panels_of(p);
  Tiling t{};
  t.pixel_bytes = in_place ? 0 : p.IC / p.G * size;
  pixels::Limits limits = in_place ? kInPlace : kCopied;
  if (!in_place)
    limits.band_bytes = std::clamp(packed_bytes(p, panels.vectors) / kWeightsPerBand,
                                   limits.band_bytes, kMostBandBytes);
  const std::int64_t positions = saturating_multiply(std::max<std::int64_t>(p.N, 1), p.outputs());
  const std::int64_t strips = divide_up(kFewestShares, saturating_multiply(panels.count, p.G));
  limits.positions = std::clamp(divide_up(positions, strips), kFewestPositions, limits.positions);
  t.strips = pixels::cut_strips(p, t.pixel_bytes, limits);

  const std::int64_t panel_bytes =
      t.strips.positions * kernels().most_vectors * panels.lanes * size;
  // Of several strips, each is copied for each panel again.
  const std::int64_t copied = saturating_product(
      {t.strips.count > 1 ? t.strips.count : 0, t.strips.band_rows, t.strips.band_pixels});
  const bool copies_pay = static_cast<double>(copied) * static_cast<double>(panels.count) *
                              static_cast<double>(p.IC / p.G) <=
                          kCopiesPacked * static_cast<double>(panels.vectors * panels.lanes) *
                              static_cast<double>(p.terms());
  t.packs = !p.prepared && t.strips.count <= kStripsPacked && copies_pay;
  t.panels = t.packs ? 1 : std::clamp<std::int64_t>(kSumBytes / panel_bytes, 1, panels.count);
  while (t.panels > 1 && t.strips.count * p.G * divide_up(panels.count, t.panels) < kFewestItems)
    --t.panels;
  t.channel_blocks = divide_up(panels.count, t.panels);

  t.band_bytes = pixels::Band::bytes(t.strips, t.pixel_bytes);
  t.sums_bytes = whole_lines(t.panels * panel_bytes);
  t.table_bytes = whole_lines(t.strips.positions * terms_of(p).taps * kWord);
  t.packed_bytes = t.packs ? packed_bytes(p, kernels().most_vectors) : 0;
  return t;
}

// Of a run: the border, packed weights where they are packed first, and what each thread needs.
inline std::int64_t packed_first_bytes(const Problem& p, const Tiling& t) {
  return p.prepared || t.packs ? 0 : packed_bytes(p);
}
inline std::int64_t scratch_bytes(const Problem& p, const Tiling& t, int threads) {
  return saturating_add(saturating_multiply(t.bytes_per_thread(), threads),
                        border_bytes(p) + packed_first_bytes(p, t));
}

}  // namespace cconv::gemm
