// The direct room's slice of the kernel table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "algorithms/rows/bounds.h"
#include "isa/levels.h"

namespace cconv::direct {

// One block of terms of a strip of outputs:
//
//   sums[o][p] (+)= sum over k < terms of weights[o][k] * rows[k][p],   o < channels, p < positions
//
// rows[k]: the input under term k at each position, contiguous, any alignment.
// positions: a multiple of `lanes`; that many elements are read from each row and written to each
// strip of sums, padding lanes included.
// Each output is one chain of fused multiply-adds in the order of k, begun at zero; `first` adds it
// to the bias, otherwise it is added to sums; then it is bounded.
template <class T>
struct Block {
  const std::byte* const* rows;
  std::int64_t terms;
  const std::byte* weights;
  std::int64_t weights_stride;  // bytes between output channels; terms are contiguous
  std::int64_t channels;
  T* sums;
  std::int64_t sums_pitch;  // between strips, in elements
  std::int64_t positions;
  bool first;
  const std::byte* bias;   // of each output channel,
  std::int64_t bias_step;  // in bytes
  rows::Bounds<T> bounds = {};
};

// Integers are unsigned here: sums wrap past their width.
struct Kernels {
  int lanes_float32;  // of a vector, or half of one, of 4-byte elements
  int lanes_float64;  // of 8-byte elements
  int tile_steps;     // of so many positions, in a full register tile
  void (*accumulate_float32)(const Block<float>&);
  void (*accumulate_float64)(const Block<double>&);
  void (*accumulate_uint32)(const Block<std::uint32_t>&);
  void (*accumulate_uint64)(const Block<std::uint64_t>&);
};

CCONV_DECLARE_KERNELS(Kernels)

}  // namespace cconv::direct
