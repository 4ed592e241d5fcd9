// The depthwise room's slice of the kernel table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "algorithms/rows/bounds.h"
#include "isa/levels.h"

namespace cconv::depthwise {

// One filter for each channel, at a number of positions:
//
//   sums[p][c] = bias[c] + sum over t < taps of pixels[t][p][c] * weights[t][c],  c < channels
//
// pixels: for each tap the addresses of the input pixels under it, a row of pointers `pitch` apart.
// weights: a row of biases, then a row for each tap; `channels` elements each.
// sums: rows of `channels`, `sums_pitch` bytes apart.
// channels: at least a vector's lanes.  The last vector may overlap the one before.
// Positions are those of rows of `row` outputs, the first one at `column` of its row.  In a row,
// where row_taps > 0, the pixel under tap t at a position is the one under tap t - stride at the
// next position, if both are among the same row_taps taps, which divide `taps`.
// Each sum is one chain of fused multiply-adds in the order of t, begun at zero, and bounded with
// its bias.
template <class T>
struct Block {
  const std::byte* const* pixels;
  std::int64_t pitch;
  std::int64_t positions;
  std::int64_t row, column;
  std::int64_t taps;
  std::int64_t row_taps, stride;
  std::int64_t channels;
  const std::byte* weights;
  std::byte* sums;
  std::int64_t sums_pitch;
  rows::Bounds<T> bounds = {};
};

// Rows of taps for which the kernels of floats have tiles whose pixels share loads.
constexpr bool has_row_tile(std::int64_t row_taps, std::int64_t stride) {
  const bool odd = row_taps % 2 == 1 && row_taps >= 3;
  return odd && ((stride == 1 && row_taps <= 7) || (stride == 2 && row_taps <= 5));
}

// Integers are unsigned here: sums wrap past their width.
struct Kernels {
  int lanes_float32;  // of a vector of 4-byte elements
  int lanes_float64;  // of 8-byte elements
  void (*filter_float32)(const Block<float>&);
  void (*filter_float64)(const Block<double>&);
  void (*filter_uint32)(const Block<std::uint32_t>&);
  void (*filter_uint64)(const Block<std::uint64_t>&);
};

CCONV_DECLARE_KERNELS(Kernels)

}  // namespace cconv::depthwise
