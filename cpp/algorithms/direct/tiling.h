// How the direct room cuts its work: strips of positions, output channels, terms.
#pragma once

#include <algorithm>

#include "algorithms/direct/kernel.h"
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

struct Tiling {
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
  std::int64_t items(const Problem& p) const { return blocks * channel_blocks * p.G; }
};

constexpr std::int64_t kManyChannels = 32;

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
    length *= p.axis[a].out;
  return length;
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
  const std::int64_t wanted =
      std::clamp(row_bytes_for(p, terms) / (terms * size), tile, kMostPositions);
  const std::int64_t total = p.N * p.outputs();
  if (row >= wanted) {
    t.row = row;
    t.blocks_per_row = divide_up(row, wanted / tile * tile);
    t.positions = round_up(divide_up(row, t.blocks_per_row), tile);
    t.blocks_per_row = divide_up(row, t.positions);
    t.blocks = total / row * t.blocks_per_row;
  } else {
    t.positions = wanted / tile * tile;
    t.blocks = divide_up(total, t.positions);
    if (t.blocks <= 1) t.positions = round_up(std::max<std::int64_t>(total, 1), lanes);
  }

  constexpr std::int64_t kChannelStep = 24;  // a multiple of every level's tile
  const std::int64_t shared = divide_up(t.blocks * p.G * OCg, kFewestItems);
  const std::int64_t fewest = round_up(std::max(shared, 4 * kChannelStep), kChannelStep);
  const std::int64_t held =
      std::max(kSumBytes / (t.positions * size) / kChannelStep, std::int64_t{1}) * kChannelStep;
  const bool gathered_once = p.terms() <= terms_per_block(p.sum_type);
  t.channels = std::clamp<std::int64_t>(OCg, 1, gathered_once ? fewest : std::min(held, fewest));
  t.channel_blocks = divide_up(OCg, t.channels);
  t.summed = std::min(held, t.channels);

  t.rows_bytes = products * round_up(terms * t.positions * size, kCacheLine);
  t.sums_bytes = t.summed * sums_pitch(p, t.positions) * size;
  t.pointers_bytes =
      round_up(products * terms * static_cast<std::int64_t>(sizeof(std::byte*)), kCacheLine);
  return t;
}

}  // namespace cconv::direct
