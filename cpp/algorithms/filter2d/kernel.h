// The filter2d room's slice of the kernel table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "algorithms/rows/bounds.h"
#include "isa/levels.h"

namespace cconv::filter2d {

// Rows of outputs of one plane:
//
//   sums[r][i] = bias + sum over kd < KD, kh < KH, kw < KW of
//                weights[kd][kh][kw] * rows[kd][r * row_stride + kh][i + offsets[kw]]
//
// rows: addresses of rows of input, those of a depth `rows_pitch` apart, any alignment.
// offsets: of each column of taps, in bytes.
// columns: at least `lanes`.  Nothing but what the formula names is read or written.
// A sum is one chain of fused multiply-adds in the order of (kd, kw, kh), begun at zero and added
// to the bias; of more than kTermsPerChain terms several chains of at most so many.  Then it is
// bounded.
template <class T>
struct Block {
  const std::byte* const* rows;
  std::int64_t rows_pitch;
  std::int64_t row_stride;
  const std::int64_t* offsets;
  std::int64_t KD, KH, KW;
  const std::byte* weights;
  T bias;
  std::int64_t outputs;  // rows of sums
  std::int64_t columns;
  std::byte* sums;
  std::int64_t sums_pitch;  // in bytes
  rows::Bounds<T> bounds = {};
};

constexpr std::int64_t kTermsPerChain = 256;

// Integers are unsigned here: sums wrap past their width.
struct Kernels {
  int lanes_float32;  // of a vector of 4-byte elements
  int lanes_float64;  // of 8-byte elements
  int tile_rows;      // that share what they read
  void (*filter_float32)(const Block<float>&);
  void (*filter_float64)(const Block<double>&);
  void (*filter_uint32)(const Block<std::uint32_t>&);
  void (*filter_uint64)(const Block<std::uint64_t>&);
};

CCONV_DECLARE_KERNELS(Kernels)

}  // namespace cconv::filter2d
