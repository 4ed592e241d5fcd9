// The gemm room's slice of the kernel table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "algorithms/rows/bounds.h"
#include "isa/levels.h"

namespace cconv::gemm {

// One block of terms at a number of positions, for a panel of output channels:
//
//   sums[p][o] (+)= sum over t < taps, c < channels of pixels[t][p][c] * weights[t][c][o]
//
// In the letters of GEMM m = p, n = o, k = (t, c).
// pixels: for each tap the addresses of the input pixels under it, a row of pointers `pitch` apart;
// the channels of a pixel from byte `skip` on follow one another, any alignment.
// weights: taps * channels rows of `vectors` whole vectors.
// sums: rows of as many vectors, `sums_pitch` bytes apart.
// half: of the last vector of each row the second half is neither computed nor stored.
// Each output is one chain of fused multiply-adds in the order of k, begun at zero, and is added to
// sums, or where this is the first block to the bias; then it is bounded.
template <class T>
struct Block {
  const std::byte* const* pixels;
  std::int64_t pitch;
  std::int64_t positions;
  std::int64_t taps;
  std::int64_t skip;
  std::int64_t channels;
  const std::byte* weights;
  std::int64_t vectors;   // at most most_vectors, most_halved where one is half
  const std::byte* bias;  // of each output channel of the panel; null after the first block
  std::byte* sums;
  std::int64_t sums_pitch;
  rows::Bounds<T> bounds = {};
  bool half = false;
};

// weights[o][c * taps + t], o < channels, c * taps + t < terms, becomes packed[t][c][o]: rows
// `pitch` bytes apart, one vector of output channels wide.  Lanes past `channels` are zero.
struct Packing {
  const std::byte* weights;
  std::int64_t stride;    // in bytes
  std::int64_t channels;  // of output, at most a vector's lanes
  std::int64_t taps;
  std::int64_t terms;
  std::byte* packed;
  std::int64_t pitch;
};

// Integers are unsigned here: sums wrap past their width.
template <class T>
struct KernelsOf {
  int lanes;
  void (*multiply)(const Block<T>&);
  void (*pack)(const Packing&);
};

struct Kernels {
  int most_vectors;  // of a panel
  int most_halved;   // of one of floats whose last vector is half one; 0: none may be
  KernelsOf<float> float32;
  KernelsOf<double> float64;
  KernelsOf<std::uint32_t> uint32;
  KernelsOf<std::uint64_t> uint64;
};

CCONV_DECLARE_KERNELS(Kernels)

}  // namespace cconv::gemm
