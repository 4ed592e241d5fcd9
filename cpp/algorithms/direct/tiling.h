// How the direct room cuts its work: strips of positions, output channels, terms.
#pragma once

#include <algorithm>

#include "algorithms/direct/kernel.h"
#include "algorithms/direct/phases.h"
#include "algorithms/direct/prices.h"
#include "problem/plain.h"
#include "problem/problem.h"
#include "runtime/workspace.h"

namespace cconv::direct {

// Multiplications in one chain of additions: bounds the error.  A complex term has two.
constexpr std::int64_t kProductsPerBlock = 256;

constexpr std::int64_t products_per_term(Type sum) { return is_complex(sum) ? 2 : 1; }
constexpr std::int64_t terms_per_block(Type sum) {
  return kProductsPerBlock / products_per_term(sum);
}

// Blocking.  Rows and sums of an item stay in the second-level cache.
constexpr std::int64_t kRowBytes = 160 << 10;
constexpr std::int64_t kSumBytes = 256 << 10;
constexpr std::int64_t kMostPositions = 4096;
constexpr std::int64_t kFewestItems = 16;  // cut channels further until there are so many
constexpr std::int64_t kChannelStep = 24;  // a multiple of every level's tile
constexpr std::int64_t kFewestChannels = 4 * kChannelStep;

// Blocks whose taps share copies (phases.h): rows x columns of outputs, or none.  The sums of a row
// lie `pitch` from those of the next one; the ones in between are of no output.
struct Shared {
  std::int64_t rows = 0, columns = 0, pitch = 0;
  std::int64_t down = 0, across = 0;    // blocks of a plane of outputs
  std::int64_t below = 0, beside = 0;   // rows and columns of a phase that only windows reach
  std::int64_t channels = 0, taps = 0;  // copied for a block of terms; of a channel

  std::int64_t positions() const { return (rows - 1) * pitch + columns; }
  std::int64_t places() const { return positions() + reach(); }  // of a copy
  std::int64_t reach() const { return below * pitch + beside; }  // from the first tap to the last
};

struct Tiling {
  Shared shared;           // else blocks are of positions that follow one another:
  std::int64_t lanes;      // positions come in multiples of these
  std::int64_t positions;  // of a block, before its last one
  std::int64_t row;        // wide rows are cut on their own; 0: blocks run across rows
  std::int64_t blocks_per_row;
  std::int64_t blocks;          // of positions
  std::int64_t channels;        // output channels of an item
  std::int64_t channel_blocks;  // per group
  std::int64_t summed;          // of these at once: fewer where one block of terms is all there is
  std::int64_t rows_bytes, sums_bytes, pointers_bytes;

  std::int64_t bytes_per_thread() const { return rows_bytes + sums_bytes + pointers_bytes; }
  std::int64_t items(const Problem& p) const {
    return saturating_product({blocks, channel_blocks, p.G});
  }
};

// Rows lie pages apart, at any alignment.  Tiles of shorter vectors than AVX-512's pass over them
// so often that copies are worth it, for many output channels (benchmarks/cpp,
// direct/resnet50/k1*).
inline bool copies_pay(const Problem& p) {
  constexpr int kLongVector = 64;
  return rows::kernels().vector_bytes < kLongVector && p.OC / p.G >= kManyChannels;
}

// Bytes of the rows of an item.  Where many output channels pass over copies of few rows, these are
// made in the first-level cache, or near it.
inline std::int64_t row_bytes_for(const Problem& p, std::int64_t terms) {
  constexpr std::int64_t kCopiedBytes = 12 << 10, kPositions = 384;
  const bool copied = p.taps() > 1 || p.axis[2].window.stride > 1;
  if (!copied || p.OC / p.G < kManyChannels) return kRowBytes;
  return std::clamp(kPositions * terms * size_of(p.sum_type), kCopiedBytes, kRowBytes);
}

// Positions that may lie in one row of src: an output row, or more where its axis has no window and
// the next one takes no steps over rows.
constexpr std::int64_t row_length(const Problem& p) {
  std::int64_t length = p.axis[2].out;
  for (int a = 1; a >= 0 && is_plain(p.axis[a + 1]) && p.axis[a].window.stride == 1; --a)
    length = saturating_multiply(length, p.axis[a].out);
  return length;
}

// Sums of one block of terms grow in the result, where strips of it are whole vectors: all but the
// last of an image may be.
inline bool grows_in_place(const Problem& p, std::int64_t lanes) {
  constexpr std::int64_t kManyPositions = 2048;
  return p.terms() <= terms_per_block(p.sum_type) && p.dst_type == p.sum_type &&
         !(p.channels_last && p.OC > 1) &&
         (p.outputs() % lanes == 0 || p.outputs() >= kManyPositions);
}

// Whether what is copied less is worth what is summed in vain, and that sums lie in scratch.
inline bool pays(const Problem& p, const Shared& s, std::int64_t terms, std::int64_t lanes) {
  const auto real = [](std::int64_t n) { return static_cast<double>(n); };
  const double outputs = real(s.rows * s.columns), channels = real(p.OC / p.G);
  const double copies = real(s.channels * s.taps) * real(s.places()) / outputs;
  const double in_vain = real(s.positions()) / outputs - 1;
  // A copy of what other taps have read is worth half of one that reads first.
  const double saved = (real(terms) - 2 * copies) * (per_copy(p) + kPerPiece / real(s.columns));
  const double lost = in_vain * real(terms) * channels * rows::seconds_per_product(p);
  const bool stored = s.rows > 1 && grows_in_place(p, lanes);
  return saved > lost + (stored ? channels * (kPerOutputStored - kPerOutput) : 0);
}

// For blocks of so many terms.
inline Shared shared_of(const Problem& p, std::int64_t terms, std::int64_t lanes) {
  constexpr std::int64_t kFewestColumns = 256, kNearBytes = 48 << 10;
  const Axis &d = p.axis[0], &h = p.axis[1], &w = p.axis[2];
  Shared s;
  s.below = reach(h.window), s.beside = reach(w.window);
  if (is_complex(p.sum_type) || s.below > h.out || s.beside > w.out) return {};
  s.taps = saturating_product({d.window.kernel, phases(h.window), phases(w.window)});
  if (s.taps >= p.taps() || p.terms() == 0 || p.outputs() == 0) return {};
  s.channels = std::min(p.IC / p.G, (terms - 1) / p.taps() + 2);
  s.pitch = saturating_add(w.out, s.beside);
  const std::int64_t bytes = p.OC / p.G < kManyChannels ? kRowBytes : kNearBytes;
  const std::int64_t places = std::min(
      bytes / saturating_product({s.channels, s.taps, size_of(p.sum_type)}), kMostPositions);
  s.columns = w.out;
  if (s.below == 0 && s.pitch > places)
    s.columns = std::min(w.out, std::max(places - s.beside, kFewestColumns));
  else if (saturating_multiply(s.below + 1, s.pitch) > 2 * places)
    return {};
  // Items for some threads.
  constexpr std::int64_t kSomeItems = 4;
  const std::int64_t others =
      saturating_product({p.N, d.out, p.G, divide_up(p.OC / p.G, kFewestChannels)});
  const std::int64_t most =
      divide_up(h.out, divide_up(kSomeItems, std::max<std::int64_t>(others, 1)));
  s.rows = std::clamp<std::int64_t>(places / s.pitch - s.below, 1, most);
  s.down = divide_up(h.out, s.rows), s.across = divide_up(w.out, s.columns);
  s.rows = divide_up(h.out, s.down), s.columns = divide_up(w.out, s.across);
  return pays(p, s, terms, lanes) ? s : Shared{};
}

// Elements from one strip of sums to the next: whole vectors, as rows::Finish takes them.
inline std::int64_t sums_pitch(const Problem& p, std::int64_t positions) {
  return round_up(positions * size_of(p.sum_type), kCacheLine) / size_of(p.sum_type);
}

inline Tiling tiling_of(const Problem& p) {
  const Kernels& k = kernels();
  const std::int64_t size = size_of(p.sum_type);
  const std::int64_t products = products_per_term(p.sum_type);
  const std::int64_t real_lanes = size / products == 8 ? k.lanes_float64 : k.lanes_float32;
  const std::int64_t lanes = divide_up(real_lanes, products);
  const std::int64_t tile = lanes * k.tile_steps;
  const std::int64_t terms = std::clamp<std::int64_t>(p.terms(), 1, terms_per_block(p.sum_type));
  const std::int64_t OCg = p.OC / p.G, row = row_length(p);

  Tiling t{};
  t.lanes = lanes;
  t.shared = shared_of(p, terms, lanes);
  const std::int64_t wanted =
      std::clamp(row_bytes_for(p, terms) / (terms * size), tile, kMostPositions);
  constexpr std::int64_t kManyBlocks = 8;
  const std::int64_t total = saturating_multiply(p.N, p.outputs());
  // Rows of src that need no copies, or few, are better still.
  const bool padded = p.axis[2].window.before > 0 || p.axis[2].window.after > 0;
  const bool in_place = row >= (padded ? kManyBlocks : 1) * wanted &&
                        p.axis[2].window.stride == 1 && p.src_type == p.sum_type &&
                        !(p.channels_last && p.IC > 1) && !copies_pay(p);
  if (t.shared.rows > 0 && !in_place) {
    t.positions = round_up(t.shared.positions(), lanes);
    t.blocks = saturating_product({p.N, p.axis[0].out, t.shared.down, t.shared.across});
  } else if (row >= wanted) {
    t.shared = {};
    t.row = row;
    t.blocks_per_row = divide_up(row, wanted / tile * tile);
    t.positions = round_up(divide_up(row, t.blocks_per_row), tile);
    t.blocks_per_row = divide_up(row, t.positions);
    t.blocks = saturating_multiply(total / row, t.blocks_per_row);
  } else {
    t.shared = {};
    t.positions = wanted / tile * tile;
    t.blocks = divide_up(total, t.positions);
    if (t.blocks <= 1) t.positions = round_up(std::max<std::int64_t>(total, 1), lanes);
  }

  const std::int64_t shared = divide_up(saturating_product({t.blocks, p.G, OCg}), kFewestItems);
  const std::int64_t fewest = round_up(std::max(shared, kFewestChannels), kChannelStep);
  const std::int64_t held =
      std::max(kSumBytes / (t.positions * size) / kChannelStep, std::int64_t{1}) * kChannelStep;
  const bool gathered_once = p.terms() <= terms_per_block(p.sum_type);
  t.channels = std::clamp<std::int64_t>(OCg, 1, gathered_once ? fewest : std::min(held, fewest));
  t.channel_blocks = divide_up(OCg, t.channels);
  t.summed = std::min(held, t.channels);

  const std::int64_t copies = t.shared.channels * t.shared.taps;
  t.rows_bytes = copies > 0 ? round_up(copies * (t.positions + t.shared.reach()) * size, kCacheLine)
                            : products * round_up(terms * t.positions * size, kCacheLine);
  t.sums_bytes = t.summed * sums_pitch(p, t.positions) * size;
  t.pointers_bytes = round_up(
      (products * terms + copies) * static_cast<std::int64_t>(sizeof(std::byte*)), kCacheLine);
  return t;
}

}  // namespace cconv::direct
