// The pooling room's slice of the kernel table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa/levels.h"
#include "problem/types.h"
#include "problem/window.h"

namespace cconv::pooling {

// Rows to one, element by element.  Each row is `runs` runs of `count` elements, the runs of src
// run_step bytes apart, those of dst one after the other:
//
//   dst[i] = (begin) op src[0][i] op src[1][i] ...     from left to right
//
// begin: dst[i] itself, or with `first` nothing.  Any alignment.
struct Rows {
  const std::byte* const* src;
  std::int64_t rows;  // at least 1
  std::int64_t runs, count, run_step;
  std::byte* dst;
  bool first;
};

// Rows of results of planes of rows, each from the rows of the input that its windows hold, element
// by element, slice by slice and from above:
//
//   dst[r * pitch][i] = row(depth, height)[i] op row(depth, height + 1)[i] op ...
//
// Rows of results are counted through the slices of a plane and through planes, from `first` on.
struct Down {
  const std::byte* src;                           // row 0 of slice 0 of plane 0
  std::int64_t plane_step, slice_step, row_step;  // in bytes
  const Taps *depth, *height;  // slices under a slice of results, rows under a row of one
  std::int64_t slices, rows;   // of results, in a plane
  std::int64_t first, outputs, columns;
  std::byte* dst;
  std::int64_t pitch;
  const std::byte* nothing;  // a row, for windows of no rows
};

// What sums are divided by: element i of a row by divisors[i], whose inverse is inverses[i], or
// with `alike` each by the first.  Null: nothing.
struct Divisors {
  const std::byte *divisors = nullptr, *inverses = nullptr;
  bool alike = false;
};

// Windows along rows, whose positions are `inner` elements each:
//
//   dst[o, c] = (begin) op (src[o*stride, c] op src[o*stride + step, c] op ... )   taps of them
//
// `first`: without the part before it, and divided.  Reads what the windows hold and nothing else.
// scratch: two rows of scratch_pitch bytes, each for the elements under the windows of a row and
// kPickedBytes more, or null, which is slower where positions are small and strides large.
struct Along {
  const std::byte* src;
  std::byte* dst;
  std::int64_t positions, inner, stride, taps, step;  // taps: at least 1
  bool first;
  std::int64_t rows = 1, src_pitch = 0, dst_pitch = 0;  // pitches: in bytes
  Divisors by{};
  std::byte* scratch = nullptr;
  std::int64_t scratch_pitch = 0;
};
constexpr std::int64_t kPickedBytes = 16;

// Windows of 2 x 2 elements side by side, those of each row of results src_pitch bytes apart:
//
//   dst[o] = (src[0, 2*o] op src[1, 2*o]) op (src[0, 2*o + 1] op src[1, 2*o + 1])
struct Squares {
  const std::byte* src;
  std::int64_t row_step, src_pitch;  // in bytes
  std::byte* dst;
  std::int64_t dst_pitch, rows, positions;
  const std::byte* divisor;  // of sums, null of extremes
};

// Whole windows of positions of `inner` elements each, of kWindowBytes at least, which lie `pitch`
// bytes apart in src:
//
//   dst[o, c] = column(o * stride) op column(o * stride + step) op ...   taps of them, where
//   column(i) = src[0][i, c] op src[1][i, c] op ...                      rows of them
//
// Sums are divided by *divisor.
struct Windows {
  const std::byte* const* src;
  std::int64_t rows, positions, inner, pitch, stride, taps, step;  // rows, taps: at least 1
  std::byte* dst;
  const std::byte* divisor;
};
constexpr std::int64_t kWindowBytes = 128;

// Planes that follow one another, each reduced to one element: its rows as by Rows, the row that is
// left as by Along.
//
//   dst[p] = row[0] op row[1] op ...     where row[c] = src[p][0][c] op src[p][1][c] op ...
struct Planes {
  const std::byte* src;
  std::int64_t planes, rows, columns;  // columns: from 1 to kMostColumns
  std::byte* dst;
};
constexpr std::int64_t kMostColumns = 256;

// Maxima and where they are, of rows of one block of columns.  Window o holds, of each row,
// taps[o].count positions from `first`, counted from the beginning of the block; position i of row
// r has the index index[r] + i.  The first of several maxima counts; a NaN is larger than any
// number.  Of windows that hold nothing nothing is written.
struct Search {
  const std::byte* const* src;
  std::int64_t pitch;  // between positions of src, in bytes
  const std::int64_t* index;
  std::int64_t rows;
  const Taps* taps;
  std::int64_t positions, inner;
  std::byte* values;
  std::int64_t* indices;  // of the values
  bool is_signed;
};
constexpr std::int64_t kFarthest = INT32_MAX;  // index[rows - 1] + any position - index[0], at most

// Likewise of rows of results of planes (as those of Down): so many positions whose windows hold as
// many taps of each row, the first of them `taps`, each `stride` positions after the one before.
struct SearchPlanes {
  const std::byte* src;
  std::int64_t plane_step, slice_step, row_step;  // in bytes
  std::int64_t index, slice_index, row_index;     // of src, and what these steps add to it
  const Taps *depth, *height;  // at most kTapsDown rows, kTapsSearched taps in all
  std::int64_t slices, rows;   // of results, in a plane
  std::int64_t first, outputs;
  Taps taps;
  std::int64_t stride, positions;  // stride: 1 or 2
  std::byte* values;
  std::int64_t* indices;
  std::int64_t values_pitch, indices_pitch;  // in elements
  bool is_signed;
};
constexpr std::int64_t kTapsDown = 256, kTapsSearched = 1024;

// Of two results of searches the larger one.
struct KeepLarger {
  std::byte* values;
  std::int64_t* indices;
  const std::byte* others;
  const std::int64_t* other_indices;
  std::int64_t count;
  bool is_signed;
};

// Windows down columns that slide by one, of rows anywhere:
//
//   dst[r * pitch][i] = src[r][i] op src[r + 1][i] op ... src[r + height - 1][i]
//
// The end of one block of rows and the beginning of the next, in this order (rows/sliding.h).
// columns: at least kMostLanes.  scratch: of slide_bytes(height).
struct Slide {
  const std::byte* const* src;
  std::int64_t height, outputs, columns;
  std::byte* dst;
  std::int64_t pitch;  // in bytes
  std::byte* scratch;
};

// Windows along one row that slide by one position of `inner` elements:
//
//   dst[i] = src[i] op src[i + inner] op ... src[i + (width - 1) * inner]    for i < columns
//
// Joined from 1, 2, 4, 8 neighbours and so on, and divided.  columns: at least kMostLanes.
struct SlideAlong {
  const std::byte* src;
  std::int64_t width, inner, columns;
  std::byte* dst;
  std::byte* scratch;
  std::int64_t pitch;  // of scratch: bytes for columns + width * inner elements, for each halving
  Divisors by;
};
constexpr std::int64_t kMostLanes = 64;
constexpr std::int64_t slide_bytes(std::int64_t height) { return height * 512; }

// The operations on one type.  Of sums a block is a chain from left to right, begun at its first
// term; maxima keep NaN.
struct Reduction {
  void (*rows)(const Rows&);
  void (*down)(const Down&);
  void (*along)(const Along&);
  void (*planes)(const Planes&);    // of maxima and sums of floats, else null
  void (*squares)(const Squares&);  // of maxima and sums of float32, else null
  void (*windows)(const Windows&);
  void (*slide)(const Slide&);             // of the types that images have, else null
  void (*slide_along)(const SlideAlong&);  // likewise
};

// row[o, c] /= factors[o], or *=, of `inner` elements per position.
template <class T>
using Scale = void (*)(std::byte* row, const T* factors, std::int64_t positions,
                       std::int64_t inner);

struct Kernels {
  Reduction maximum[kTypes];  // null for complex numbers and 16-bit floats, searched as float32
  Reduction minimum[kTypes];  // likewise
  void (*search[kTypes])(const Search&);  // likewise
  void (*search_planes[kTypes])(const SearchPlanes&);
  void (*keep_larger[kTypes])(const KeepLarger&);
  Reduction sum_float32, sum_float64;
  Scale<float> divide_float32, multiply_float32;
  Scale<double> divide_float64, multiply_float64;
};

CCONV_DECLARE_KERNELS(Kernels)

}  // namespace cconv::pooling
