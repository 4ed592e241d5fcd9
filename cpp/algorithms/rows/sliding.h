// Windows that slide by one, in the lanes: down columns and along rows, so that neighbours share
// what they have in common and nothing is ever taken back.  For kernel files.
//
// Op has first(x), add(y, x) for one more element, join(a, b) of two parts, in this order.
#pragma once

#include <cstdint>

#include "isa/vec.h"

namespace cconv::rows {
namespace {

constexpr std::int64_t kSlideBytes = 512;  // of a row, at once: at most half the registers

// kVectors vectors W of columns from byte `at` of their rows on:
//
//   to[r * pitch] = rows[r] op rows[r + 1] op ... rows[r + height - 1]     for r < outputs
//
// Outputs are cut into blocks of `height`: a window is the end of one block and the beginning of
// the next, which are gone through once for all windows (M. van Herk, "A fast algorithm for local
// minimum and maximum filters on rectangular and octagonal kernels", 1992).
// scratch: height * kSlideBytes.
template <class W, int kVectors, class Op>
CCONV_INLINE void slide_strip(const std::byte* const* rows, std::int64_t height,
                              std::int64_t outputs, std::int64_t at, std::byte* to,
                              std::int64_t pitch, std::byte* scratch, Op op) {
  constexpr std::int64_t kSize = sizeof(W), kBytes = kVectors * kSize;
  const auto load = [=](std::int64_t row, int j) { return W::load(rows[row] + at + j * kSize); };
  for (std::int64_t first = 0; first < outputs; first += height) {
    const std::int64_t last = first + height - 1;
    const std::int64_t count = outputs - first < height ? outputs - first : height;
    W y[kVectors];
    const auto keep = [&](std::int64_t r) {
      std::byte* const end = r == first ? to + first * pitch : scratch + (r - first) * kBytes;
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) y[j].store(end + j * kSize);
    };
    const auto begin = [&](std::int64_t r) {
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) y[j] = op.first(load(r, j));
    };
    const auto add = [&](std::int64_t r) {
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) y[j] = op.add(y[j], load(r, j));
    };
    begin(last);
    if (count == height) keep(last);
    for (std::int64_t r = last - 1; r >= first; --r) {
      __builtin_prefetch(rows[r] + at + kBytes);
      add(r);
      if (r < first + count) keep(r);
    }
    for (std::int64_t r = first + 1; r < first + count; ++r) {
      r == first + 1 ? begin(last + 1) : add(r + height - 1);
      const std::byte* const end = scratch + (r - first) * kBytes;
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j)
        op.join(W::load(end + j * kSize), y[j]).store(to + r * pitch + j * kSize);
    }
  }
}

// Calls vector(i) for vectors that cover `count` elements, at least a vector's; the last may
// overlap the one before.
template <int kLanes, class Vector>
CCONV_INLINE void each_vector(std::int64_t count, Vector vector) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) vector(i);
  if (i < count) vector(count - kLanes);
}

// Columns of vectors V, `columns` of them, at least a vector's.
template <class V, class T, class Op>
CCONV_INLINE void slide(const std::byte* const* rows, std::int64_t height, std::int64_t outputs,
                        std::int64_t columns, std::byte* to, std::int64_t pitch, std::byte* scratch,
                        Op op) {
  constexpr int kVectors = kSlideBytes / sizeof(V) < 8 ? kSlideBytes / sizeof(V) : 8;
  constexpr std::int64_t kLanes = V::kLanes, kStep = kVectors * kLanes, kSize = sizeof(T);
  std::int64_t i = 0;
  for (; i + kStep <= columns; i += kStep)
    slide_strip<V, kVectors>(rows, height, outputs, i * kSize, to + i * kSize, pitch, scratch, op);
  if (i == columns) return;
  each_vector<kLanes>(columns - i >= kLanes ? columns - i : kLanes, [&](std::int64_t at) {
    const std::int64_t column = (columns - i >= kLanes ? i : columns - kLanes) + at;
    slide_strip<V, 1>(rows, height, outputs, column * kSize, to + column * kSize, pitch, scratch,
                      op);
  });
}

// Calls store(y, i) for vectors y of
//
//   row[i] op row[i + step] op ... row[i + (width - 1) * step]
//
// that cover i < columns, at least a vector's.  What is joined are 1, 2, 4, 8 neighbours and so on,
// each from two of the one before.  scratch: halvings(width) rows of `pitch` bytes, each for
// columns + width * step.
template <class V, class T, class Op, class Store>
CCONV_INLINE void slide_along(const std::byte* row, std::int64_t width, std::int64_t step,
                              std::int64_t columns, std::byte* scratch, std::int64_t pitch, Op op,
                              Store store) {
  constexpr std::int64_t kSize = sizeof(T);
  constexpr int kLanes = V::kLanes, kMostParts = 64;
  const std::byte* parts[kMostParts];  // of a window, which follow one another
  int count = 0;
  std::int64_t at = 0;  // where the next part begins
  const std::byte* from = row;
  for (std::int64_t size = 1;; size *= 2) {
    if (width & size) {
      parts[count++] = from + at * kSize;
      at += size * step;
    }
    if (2 * size > width) break;
    const std::byte* const next = from + size * step * kSize;
    each_vector<kLanes>(columns + (width - 2 * size) * step, [&](std::int64_t i) {
      op.join(V::load(from + i * kSize), V::load(next + i * kSize)).store(scratch + i * kSize);
    });
    from = scratch;
    scratch += pitch;
  }
  each_vector<kLanes>(columns, [&](std::int64_t i) {
    V y = V::load(parts[0] + i * kSize);
    for (int p = 1; p < count; ++p) y = op.join(y, V::load(parts[p] + i * kSize));
    store(y, i);
  });
}

}  // namespace
}  // namespace cconv::rows
