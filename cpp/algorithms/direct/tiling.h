// How the direct room cuts its work: strips of positions, output channels, terms.
#pragma once

#include <algorithm>

#include "algorithms/direct/kernel.h"
#include "algorithms/direct/shared.h"
#include "problem/plain.h"
#include "problem/problem.h"
#include "runtime/workspace.h"

namespace cconv::direct {

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
  std::int64_t items(const Problem& p) const { return blocks * channel_blocks * p.G; }
};

// Elements from one strip of sums to the next: whole vectors, as rows::Finish takes them.
inline std::int64_t sums_pitch(const Problem& p, std::int64_t positions) {
  return round_up(positions * size_of(p.sum_type), kCacheLine) / size_of(p.sum_type);
}

inline Tiling tiling_of(const Problem& p) {
  const std::int64_t size = size_of(p.sum_type);
  const std::int64_t products = products_per_term(p.sum_type);
  const std::int64_t lanes = lanes_of(p), tile = lanes * kernels().tile_steps;
  const std::int64_t terms = most_terms(p);
  const std::int64_t OCg = p.OC / p.G, row = row_length(p);

  Tiling t{};
  t.lanes = lanes;
  t.shared = shared_of(p);
  const std::int64_t wanted = positions_wanted(p);
  const std::int64_t total = p.N * p.outputs();
  if (t.shared.rows > 0) {
    t.positions = round_up(t.shared.positions(), lanes);
    t.blocks = p.N * p.axis[0].out * t.shared.down * t.shared.across;
  } else if (row >= wanted) {
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

  const std::int64_t even = divide_up(t.blocks * p.G * OCg, kFewestItems);
  const std::int64_t fewest = round_up(std::max(even, kFewestChannels), kChannelStep);
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
