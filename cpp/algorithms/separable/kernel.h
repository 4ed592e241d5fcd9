// The separable room's slice of the kernel table: sums of equal terms, which neighbours share, and
// sums of bytes in 16 bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa/levels.h"

namespace cconv::separable {

// sums[r][i] = sum over kh < height of weight * rows[r + kh][i]
//
// rows: addresses of rows of input, any alignment.  columns: at least a vector's lanes.
// scratch: of slide_bytes(height).
//
// The end of a block of `height` rows and the beginning of the next (rows/sliding.h), each summed
// once for all windows.  A sum holds what its window sees and nothing else.
template <class T>
struct Slide {
  const std::byte* const* rows;
  std::int64_t height;
  T weight;
  std::int64_t outputs;
  std::int64_t columns;
  std::byte* sums;
  std::int64_t sums_pitch;  // in bytes
  std::byte* scratch;
};

constexpr std::int64_t kBehind = 512;  // bytes: vectors that sums along rows read ahead

// sums[r][i] = bias + sum over kw < width of rows[r][i + kw * step]
//
// rows: r * rows_pitch bytes from `rows` on; kBehind bytes behind the last of them are read too.
// columns: at least a vector's lanes.  scratch: of along_bytes(width, step, size).
//
// Sums of 2, 4, 8 neighbours and so on are taken one from the other; those that make up the width
// are added.
template <class T>
struct Along {
  const std::byte* rows;
  std::int64_t rows_pitch;
  std::int64_t width, step;  // step: in elements
  T bias;
  std::int64_t outputs;
  std::int64_t columns;
  std::byte* sums;
  std::int64_t sums_pitch;
  std::byte* scratch;
};

constexpr std::int64_t slide_bytes(std::int64_t height) { return height * 512; }

// Columns summed at once: so many that they share more than they have of their own.
constexpr std::int64_t along_piece(std::int64_t width, std::int64_t step) {
  constexpr std::int64_t kLeast = 512;
  const std::int64_t reach = 4 * width * step;
  return reach > kLeast ? reach : kLeast;
}
constexpr std::int64_t along_pitch(std::int64_t width, std::int64_t step) {
  constexpr std::int64_t kOdd = 16;  // so that rows of scratch are not of one set of the cache
  return (along_piece(width, step) + width * step + kOdd) / kOdd * kOdd + kOdd;
}
constexpr int halvings(std::int64_t width) {
  int count = 0;
  for (; width > 1; width /= 2) ++count;
  return count;
}
constexpr std::int64_t along_bytes(std::int64_t width, std::int64_t step, std::int64_t size) {
  return halvings(width) * along_pitch(width, step) * size;
}

// sums[r][i] = sum over k < height of weights[k] * rows[r * row_stride + k][i]
//
// of bytes, 16 bits wide.  rows: addresses, any alignment.  columns: at least word_lanes.
// weights: null where all are 1.  Such sums become the next row's by what comes in and goes out.
struct BytesDown {
  const std::byte* const* rows;
  std::int64_t height, row_stride;
  const std::uint16_t* weights;
  std::int64_t outputs, columns;
  std::byte* sums;
  std::int64_t sums_pitch;  // in bytes
};

// n divided by an odd number, to the nearest: (n + half) * factor / 2^(16 + shift), rounded down;
// as long as that fits 16 bits (T. Granlund, P. Montgomery, "Division by invariant integers using
// multiplication", 1994).  factor 0: no such division.
struct Quotient {
  std::uint16_t half = 0, factor = 0;
  int shift = 0;
};

// dst[r][i] = scale * sum over k < width of weights[k] * rows[r][i + k * step]
//
// of 16-bit sums as bytes: half to even, saturating.
// rows: r * rows_pitch bytes from `rows` on.  columns: at least word_lanes.
// shift: scale is 2^-shift; or negative, and then quotient may say it.
// weights: null where all are 1, then as Along, and as much behind the rows is read.
// fitting: as many terms as fit 16 bits; all, or else all weights are 1 and rows::kMostParts parts
// make up the width.
struct BytesAlong {
  const std::byte* rows;
  std::int64_t rows_pitch;
  std::int64_t width, step, fitting;
  const std::uint16_t* weights;
  float scale;
  int shift;
  Quotient quotient;
  std::int64_t outputs, columns;
  std::byte* dst;
  std::int64_t dst_pitch;
  std::byte* scratch;
};

// Integers are unsigned here: sums wrap past their width.
struct Kernels {
  void (*slide_float32)(const Slide<float>&);
  void (*slide_float64)(const Slide<double>&);
  void (*slide_uint32)(const Slide<std::uint32_t>&);
  void (*slide_uint64)(const Slide<std::uint64_t>&);
  void (*along_float32)(const Along<float>&);
  void (*along_float64)(const Along<double>&);
  void (*along_uint32)(const Along<std::uint32_t>&);
  void (*along_uint64)(const Along<std::uint64_t>&);
  int word_lanes;
  void (*bytes_down)(const BytesDown&);
  void (*bytes_along)(const BytesAlong&);
};

CCONV_DECLARE_KERNELS(Kernels)

}  // namespace cconv::separable
