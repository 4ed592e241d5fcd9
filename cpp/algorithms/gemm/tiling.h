// How the gemm room cuts its work: blocks of terms, panels of output channels, strips of positions.
#pragma once

#include <algorithm>

#include "algorithms/gemm/kernel.h"
#include "problem/problem.h"
#include "runtime/workspace.h"

namespace cconv::gemm {

// Terms in one chain of additions: bounds the error.
constexpr std::int64_t kTermsPerBlock = 256;

// Blocking.  What an item works on stays in the second-level cache: the sums of its positions and
// channels, and the rows of input that are copied for it.
constexpr std::int64_t kSumBytes = 256 << 10;
constexpr std::int64_t kBandBytes = 320 << 10;
constexpr std::int64_t kPositionsInPlace = 192;
constexpr std::int64_t kPositionsCopied = 768;
constexpr std::int64_t kFewestPositions = 64;
constexpr std::int64_t kBlocksPacked = 4;  // of positions: as often a panel may be packed
constexpr std::int64_t kFewestItems = 16;  // cut channels further until there are so many

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// The terms (kd, kh, kw, c) of an output, in this order, in blocks: whole rows of taps; where these
// have too many terms, whole taps; or parts of the channels of one tap.
struct Terms {
  std::int64_t taps;      // of a block, before the last one
  std::int64_t channels;  // of a block, before the last one of a tap
  bool whole_rows;
};

inline Terms terms_of(const Problem& p) {
  const std::int64_t ICg = p.IC / p.G, KW = p.axis[2].window.kernel;
  if (ICg > kTermsPerBlock) return {1, divide_up(ICg, divide_up(ICg, kTermsPerBlock)), KW == 1};
  const std::int64_t taps = kTermsPerBlock / ICg;
  if (taps < KW) return {taps, ICg, false};
  return {std::min(taps / KW * KW, p.taps()), ICg, true};
}

// The output channels of a group as vectors, and these in panels as wide as a register tile, or
// narrower by one vector.
struct Panels {
  std::int64_t lanes, vectors, count;

  std::int64_t first(std::int64_t panel) const { return panel * vectors / count; }
  std::int64_t width(std::int64_t panel) const { return first(panel + 1) - first(panel); }
};

inline Panels panels_of(const Problem& p) {
  const Kernels& k = kernels();
  const std::int64_t lanes = size_of(p.sum_type) == 8 ? k.float64.lanes : k.float32.lanes;
  const std::int64_t vectors = std::max<std::int64_t>(divide_up(p.OC / p.G, lanes), 1);
  return {lanes, vectors, divide_up(vectors, k.most_vectors)};
}

// Packed weights of so many vectors of output channels: a row of biases and one for each term.
inline std::int64_t packed_bytes(const Problem& p, std::int64_t vectors) {
  return saturating_multiply(vectors * panels_of(p).lanes * size_of(p.sum_type), p.terms() + 1);
}
inline std::int64_t packed_bytes(const Problem& p) {
  return packed_bytes(p, p.G * panels_of(p).vectors);
}

// A row of taps in a constant border.
inline std::int64_t border_bytes(const Problem& p) {
  return round_up(p.axis[2].window.kernel * (p.IC / p.G) * size_of(p.sum_type), kCacheLine);
}

// Whether the kernel reads pixels where they are, given that their channels follow one another in
// the type of the sum.  Rows of few channels are copied: then all taps of a row follow one another.
inline bool reads_in_place(const Problem& p) {
  constexpr std::int64_t kFewChannels = 8;
  return p.src_type == p.sum_type && (p.IC / p.G >= kFewChannels || p.axis[2].window.kernel == 1);
}

constexpr std::int64_t kHeldBytes = 2 * kCacheLine;  // what a thread remembers, a few words

struct Tiling {
  std::int64_t positions;  // of an item, before the last one of its unit
  std::int64_t unit;       // positions that are cut on their own: those of a row, a plane, or all
  std::int64_t blocks_per_unit;
  std::int64_t blocks;  // of positions
  std::int64_t panels;  // of an item, before the last one of its group
  std::int64_t channel_blocks;
  bool packs;                // an item packs its own panel
  std::int64_t band_rows;    // of input, copied for an item; 0: none are
  std::int64_t band_pixels;  // of such a row
  std::int64_t band_bytes, slots_bytes, sums_bytes, table_bytes, packed_bytes;

  std::int64_t bytes_per_thread() const {
    return kHeldBytes + band_bytes + slots_bytes + sums_bytes + table_bytes + packed_bytes;
  }
  std::int64_t items(const Problem& p) const { return blocks * channel_blocks * p.G; }
};

// Elements of an axis under n outputs that follow one another: all from the first to the last, and
// at most so many that are read.
constexpr std::int64_t reach(const Axis& a, std::int64_t n) {
  return saturating_add(saturating_multiply(n - 1, a.window.stride), span(a.window));
}
constexpr std::int64_t most_read(const Axis& a, std::int64_t n) {
  return std::min({reach(a, n), saturating_multiply(n, a.window.kernel), a.in});
}

// Slots of a hash table of so many rows, a power of two.
constexpr std::int64_t slots_for(std::int64_t rows) {
  std::int64_t slots = 4;
  while (slots < 2 * rows) slots *= 2;
  return slots;
}

// Cuts units of so many positions into blocks of equal size: whole pieces, at most `most` positions
// or one piece.
inline void cut(Tiling& t, std::int64_t total, std::int64_t unit, std::int64_t piece,
                std::int64_t most) {
  const std::int64_t pieces = unit / piece;
  const std::int64_t blocks = divide_up(pieces, std::max<std::int64_t>(most / piece, 1));
  t.unit = unit;
  t.positions = divide_up(pieces, blocks) * piece;
  t.blocks_per_unit = divide_up(unit, t.positions);
  t.blocks = total / unit * t.blocks_per_unit;
}

inline void cut_positions(Tiling& t, const Problem& p, bool in_place) {
  const Axis &d = p.axis[0], &h = p.axis[1], &w = p.axis[2];
  const std::int64_t total = p.N * p.outputs(), plane = h.out * w.out;
  const std::int64_t pixel_bytes = p.IC / p.G * size_of(p.sum_type);
  const auto rows_under = [&](std::int64_t rows) {
    return saturating_multiply(most_read(d, 1), most_read(h, rows));
  };
  const auto fits = [&](std::int64_t rows, std::int64_t columns) {
    const std::int64_t pixels = saturating_multiply(rows_under(rows), reach(w, columns));
    return in_place || saturating_multiply(pixels, pixel_bytes) <= kBandBytes;
  };
  std::int64_t most = in_place ? kPositionsInPlace : kPositionsCopied;
  if (w.out > most || !fits(1, w.out)) {
    most = std::min(most, w.out);
    while (most > kFewestPositions && !fits(1, most)) most = divide_up(most, 2);
    cut(t, total, w.out, 1, most);
    t.band_rows = rows_under(1);
  } else if (plane > most || !fits(h.out, w.out)) {
    std::int64_t rows = std::min(most / w.out, h.out);
    while (!fits(rows, w.out)) --rows;
    cut(t, total, plane, w.out, rows * w.out);
    t.band_rows = rows_under(t.positions / w.out);
  } else {
    const std::int64_t plane_bytes = rows_under(h.out) * reach(w, w.out) * pixel_bytes;
    std::int64_t planes = most / plane;
    while (planes > 1 && !in_place && planes * plane_bytes > kBandBytes) --planes;
    cut(t, total, total, plane, planes * plane);
    t.band_rows = saturating_multiply(t.positions / plane, rows_under(h.out));
  }
  t.band_pixels = reach(w, std::min(t.positions, w.out));
}

inline Tiling tiling_of(const Problem& p, bool in_place) {
  constexpr std::int64_t kWord = sizeof(std::int64_t);
  const std::int64_t size = size_of(p.sum_type);
  const Panels panels = panels_of(p);
  Tiling t{};
  cut_positions(t, p, in_place);
  if (in_place) t.band_rows = 0;

  const std::int64_t panel_bytes = t.positions * kernels().most_vectors * panels.lanes * size;
  t.packs = !p.prepared && t.blocks <= kBlocksPacked;
  t.panels = t.packs ? 1 : std::clamp<std::int64_t>(kSumBytes / panel_bytes, 1, panels.count);
  while (t.panels > 1 && t.blocks * p.G * divide_up(panels.count, t.panels) < kFewestItems)
    --t.panels;
  t.channel_blocks = divide_up(panels.count, t.panels);

  const std::int64_t pixels = saturating_multiply(t.band_rows, t.band_pixels);
  t.band_bytes = round_up(std::min(saturating_multiply(pixels, p.IC / p.G * size), kMaxExtent / 2),
                          kCacheLine);
  t.slots_bytes = t.band_rows == 0 ? 0 : round_up(2 * slots_for(t.band_rows) * kWord, kCacheLine);
  t.sums_bytes = round_up(t.panels * panel_bytes, kCacheLine);
  t.table_bytes = round_up(t.positions * terms_of(p).taps * kWord, kCacheLine);
  t.packed_bytes = t.packs ? round_up(packed_bytes(p, kernels().most_vectors), kCacheLine) : 0;
  return t;
}

}  // namespace cconv::gemm
