// How planes are cut into bands of rows (bands.h), and which windows these suit.
#pragma once

#include <algorithm>
#include <bit>

#include "algorithms/pooling/kernel.h"
#include "algorithms/pooling/source.h"
#include "algorithms/pooling/tiling.h"
#include "runtime/workspace.h"

namespace cconv::pooling {

// Windows of which sharing is faster (benchmarks/pools.py): down columns, along rows.
constexpr std::int64_t kTall = 5, kWide = 12;

// Whether windows are large and slide by one, so that their neighbours share most of them.
inline bool slides(const PoolProblem& p) {
  const Window &d = p.axis[0].window, &h = p.axis[1].window, &w = p.axis[2].window;
  if (p.wants_indices || has_shares(p) || parts_of(p) > 1 || d.kernel > 1) return false;
  if (h.stride != 1 || w.stride != 1 || h.dilation != 1 || w.dilation != 1) return false;
  if (reduction_of(p, working_type(p)).slide == nullptr) return false;
  return (h.kernel >= kTall || w.kernel >= kWide) && h.kernel <= kTapsPerBlock &&
         w.kernel <= kTapsPerBlock && p.axis[2].out >= kMostLanes;
}

// Whether every tap is gone through, those in the border as well, in one block of rows and one of
// columns.
inline bool takes_bands(const PoolProblem& p) {
  if (p.wants_indices || has_shares(p)) return false;
  if (slides(p)) return true;
  constexpr std::int64_t kMostOfAxis = 2, kWidest = 4096;
  const auto fits = [](const PoolAxis& a) { return a.window.kernel <= kMostOfAxis * a.in; };
  const Window &d = p.axis[0].window, &h = p.axis[1].window, &w = p.axis[2].window;
  // Positions of many channels are worth a kernel of their own.  Rows that are loaded are all those
  // from the first that a band sees to the last: few more than windows hold.
  const std::int64_t position = saturating_multiply(p.C, parts_of(p) * size_of(working_type(p)));
  return (!p.channels_last || position < kWindowBytes) &&
         std::all_of(p.axis, p.axis + kSpatial, fits) &&
         saturating_multiply(d.kernel, span(h)) <= kTapsPerBlock && h.stride <= span(h) &&
         w.kernel <= kTapsPerBlock && span(w) <= kWidest && w.stride <= kWidest;
}

// How planes are cut into bands.  Elements are of the working type.
struct BandTiling {
  Type type;
  std::int64_t size, inner;                 // of an element; elements of a position
  std::int64_t channels, blocks;            // of a block of channels; in an image
  std::int64_t rows;                        // of a window
  std::int64_t pieces, positions, columns;  // of a row of results; of a piece; columns under it
  // Rows of results that follow one another are a group: those of so many blocks of channels and
  // slices of each.
  std::int64_t planes, slices, group, row_step;  // row_step: of results, in bytes
  std::int64_t band, bands, per_item;            // rows of a band; bands of a group, of an item
  bool slides;
  bool in_place, as_made;  // the input is read where it lies, results are made where they go
  bool squares;            // windows of 2 x 2 side by side, read and made in place
  bool untouched;          // windows are one row and see no border: nothing is made of them
  std::int64_t pitch, loaded_rows, loaded_pitch, halves_pitch;  // of rows in scratch, in bytes
  std::int64_t nothing_bytes, down_bytes, loaded_bytes, result_bytes, shared_bytes, table_bytes,
      divisors_bytes;

  std::int64_t position() const { return inner * size; }
  std::int64_t bytes_per_thread() const {
    return nothing_bytes + down_bytes + loaded_bytes + result_bytes + shared_bytes + table_bytes +
           kDivisors * divisors_bytes;
  }

  static constexpr int kDivisors = 4;  // rows of them that are kept
};

inline BandTiling tiling_of(const PoolProblem& p, const View& src, const View& dst) {
  const auto& [d, h, w] = p.axis;
  BandTiling t{};
  t.type = working_type(p);
  t.size = size_of(t.type);
  constexpr std::int64_t kMostChannels = 64;
  t.channels = p.channels_last ? std::min(p.C, kMostChannels) : 1;
  t.blocks = divide_up(p.C, t.channels);
  t.inner = t.channels * parts_of(p);
  t.rows = d.window.kernel * h.window.kernel;
  t.slides = slides(p);

  // Pieces of rows, and bands of them, that fit the cache.
  constexpr std::int64_t kDownBytes = 16 << 10, kMostBytes = 256 << 10;
  const std::int64_t reach = span(w.window), stride = w.window.stride;
  constexpr std::int64_t kLeastRows = 8, kSlidingBytes = 1 << 20, kSlidingRows = 32;
  std::int64_t columns = kMostBytes / 2 / t.position();
  if (t.slides) {  // whole blocks of rows, which windows down columns share
    t.band = std::max(kSlidingRows / h.window.kernel, std::int64_t{1}) * h.window.kernel;
    columns = kSlidingBytes / ((std::min(t.band, h.out) + h.window.kernel) * t.position());
    columns = std::max({columns, 2 * reach, reach + 2 * kMostLanes});
  }
  t.pieces = divide_up(w.out, std::max((columns - reach) / stride + 1, std::int64_t{1}));
  t.positions = divide_up(w.out, t.pieces);
  t.columns = (t.positions - 1) * stride + reach;
  // Short rows whose windows share nothing are one run, without a gap.
  constexpr std::int64_t kShort = 256;
  t.pitch = t.positions * stride * t.position();
  if (t.pitch > kShort || t.columns > t.positions * stride || w.window.before > 0)
    t.pitch = whole_lines(t.columns * t.position()) | kCacheLine;

  const Source source(p, src);
  t.in_place =
      source.is_ready() && (!p.channels_last || t.blocks == 1) && src.spatial[2] == t.position();
  t.as_made = ((p.dst_type == t.type && p.pool != Pool::norm) || parts_of(p) == 2) &&
              dst.spatial[2] == t.position();
  t.row_step = h.out > 1 ? dst.spatial[1] : d.out > 1 ? dst.spatial[0] : dst.channel;
  const bool apart = (d.out > 1 && dst.spatial[0] != h.out * t.row_step) ||
                     (t.blocks > 1 && dst.channel != d.out * h.out * t.row_step);
  const bool alone = t.slides || !t.in_place || apart;
  t.planes = alone ? 1 : t.blocks;
  t.slices = alone ? 1 : d.out;
  t.group = t.planes * t.slices * h.out;
  const auto inside = [](const PoolAxis& a) {
    const Window& w = a.window;
    return w.before == 0 && (a.out - 1) * w.stride + span(w) <= a.in;
  };
  t.untouched = t.in_place && t.rows == 1 && std::all_of(p.axis, p.axis + kSpatial, inside) &&
                (t.planes * t.slices == 1 || t.slices * h.out == 1);
  const auto pairs = [&](const PoolAxis& a) {
    return a.window.kernel == 2 && a.window.stride == 2 && a.window.dilation == 1 && inside(a);
  };
  t.squares = t.in_place && t.as_made && t.inner == 1 && t.slices == 1 && d.window.kernel == 1 &&
              inside(d) && pairs(h) && pairs(w) && reduction_of(p, t.type).squares != nullptr;
  if (!t.slides)
    t.band = std::max(
        {kDownBytes / t.pitch, std::min(kLeastRows, kMostBytes / t.pitch), std::int64_t{1}});
  t.band = std::min(t.band, t.group);
  t.bands = divide_up(t.group, t.band);
  const double read = static_cast<double>(t.columns * t.position()) *
                      static_cast<double>(t.rows + 1) * static_cast<double>(t.band);
  t.per_item = static_cast<std::int64_t>(
      std::clamp(static_cast<double>(kItemBytes) / read, 1.0, static_cast<double>(t.bands)));

  const bool magnitudes = p.pool == Pool::norm && is_complex(p.src_type);
  const std::int64_t height = h.window.kernel, width = w.window.kernel;
  const std::int64_t rows = (t.band - 1) * h.window.stride + span(h.window);
  t.loaded_rows = d.window.kernel * rows;
  t.loaded_pitch = (magnitudes ? 2 : 1) * (whole_lines(t.columns * t.position()) | kCacheLine);
  t.halves_pitch = whole_lines((t.positions + width) * t.position()) | kCacheLine;
  const std::int64_t halvings = std::bit_width(static_cast<std::uint64_t>(width));
  t.nothing_bytes = whole_lines(t.columns * t.position());
  t.down_bytes = whole_lines(t.band * t.pitch + kCacheLine);
  t.loaded_bytes = t.in_place && !t.slides ? 0 : t.loaded_rows * t.loaded_pitch;
  t.result_bytes = t.as_made ? 0 : whole_lines(t.band * t.positions * t.position());
  t.shared_bytes = t.slides ? std::max(slide_bytes(height), halvings * t.halves_pitch)
                            : 2 * whole_lines(t.columns * t.position() + kPickedBytes);
  t.table_bytes = whole_lines((t.band + height) * std::int64_t{sizeof(std::byte*)});
  if (p.pool == Pool::average) t.divisors_bytes = 2 * whole_lines(t.positions * t.position());
  return t;
}

}  // namespace cconv::pooling
