// Windows that slide by one, in the lanes: down columns and along rows, so that neighbours share
// what they have in common and nothing is ever taken back.  For kernel files.
//
// Op has first(x), add(y, x) for one more element, join(a, b) of two parts, in this order.
#pragma once

#include <cstdint>

#include "isa/vec.h"

namespace cconv::rows {
namespace {

// Asks for `bytes` from `at` on, which will soon be read or written.
CCONV_INLINE void ask_for(const std::byte* at, std::int64_t bytes) {
  constexpr std::int64_t kLine = 64;
  for (std::int64_t line = 0; line < bytes; line += kLine) __builtin_prefetch(at + line);
}

constexpr std::int64_t kSlideBytes = 512;  // of a row, at once: at most half the registers

// kVectors vectors W of columns from byte `at` of their rows on:
//
//   to[r * pitch] = rows[r] op rows[r + 1] op ... rows[r + height - 1]     for r < count
//
// count: at most `height`.  A window is the end of one block of rows and the beginning of the next,
// which are gone through once for all windows (M. van Herk, "A fast algorithm for local minimum and
// maximum filters on rectangular and octagonal kernels", 1992).
// scratch: height * kSlideBytes.
template <class W, int kVectors, class Op>
CCONV_INLINE void slide_block(const std::byte* const* rows, std::int64_t height, std::int64_t count,
                              std::int64_t at, std::byte* to, std::int64_t pitch,
                              std::byte* scratch, Op op) {
  constexpr std::int64_t kSize = sizeof(W), kBytes = kVectors * kSize;
  const auto load = [=](std::int64_t row, int j) { return W::load(rows[row] + at + j * kSize); };
  W y[kVectors];
  const auto keep = [&](std::int64_t r) {
    std::byte* const end = r == 0 ? to : scratch + r * kBytes;
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
  begin(height - 1);
  if (count == height) keep(height - 1);
  for (std::int64_t r = height - 2; r >= 0; --r) {
    ask_for(rows[r] + at + kBytes, kBytes);
    add(r);
    if (r < count) keep(r);
  }
  for (std::int64_t r = 1; r < count; ++r) {
    ask_for(rows[r + height - 1] + at + kBytes, kBytes);
    r == 1 ? begin(height) : add(r + height - 1);
    const std::byte* const end = scratch + r * kBytes;
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j)
      op.join(W::load(end + j * kSize), y[j]).store(to + r * pitch + j * kSize);
    ask_for(to + r * pitch + kBytes, kBytes);
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

// Calls vectors(i, Some<n>{}) for some vectors at once, from i on, that cover so many elements.
template <int n>
struct Some {
  static constexpr int kCount = n;
};
template <int kLanes, class Vectors>
CCONV_INLINE void each_vectors(std::int64_t count, Vectors vectors) {
  constexpr int kTogether = 4;
  std::int64_t i = 0;
  for (; i + kTogether * kLanes <= count; i += kTogether * kLanes) vectors(i, Some<kTogether>{});
  for (; i + kLanes <= count; i += kLanes) vectors(i, Some<1>{});
  if (i < count) vectors(count - kLanes, Some<1>{});
}

// `outputs` rows of windows over vectors V of columns, `columns` of them, at least a vector's.
template <class V, class T, class Op>
CCONV_INLINE void slide(const std::byte* const* rows, std::int64_t height, std::int64_t outputs,
                        std::int64_t columns, std::byte* to, std::int64_t pitch, std::byte* scratch,
                        Op op) {
  constexpr int kVectors = kSlideBytes / sizeof(V) < 8 ? kSlideBytes / sizeof(V) : 8;
  constexpr std::int64_t kLanes = V::kLanes, kStep = kVectors * kLanes, kSize = sizeof(T);
  for (std::int64_t r = 0; r < outputs; r += height, rows += height, to += height * pitch) {
    const std::int64_t count = outputs - r < height ? outputs - r : height;
    std::int64_t i = 0;
    for (; i + kStep <= columns; i += kStep)
      slide_block<V, kVectors>(rows, height, count, i * kSize, to + i * kSize, pitch, scratch, op);
    for (; i < columns; i += kLanes) {
      if (i + kLanes > columns) i = columns - kLanes;
      slide_block<V, 1>(rows, height, count, i * kSize, to + i * kSize, pitch, scratch, op);
    }
  }
}

constexpr int kMostParts = 64;  // of windows along a row

// The parts of windows along a row, which follow one another: where those of the first window are.
// What is joined are 1, 2, 4, 8 neighbours and so on, at most `most`, each from two of the one
// before; kTwice: elements may be joined twice, so that the two largest that overlap are a window.
// Gives how many there are, at most kMostParts.
template <class V, class T, bool kTwice, class Op>
CCONV_INLINE int parts_along(const std::byte* row, std::int64_t width, std::int64_t most,
                             std::int64_t step, std::int64_t columns, std::byte* scratch,
                             std::int64_t pitch, Op op, const std::byte* (&parts)[kMostParts]) {
  constexpr std::int64_t kSize = sizeof(T);
  constexpr int kLanes = V::kLanes;
  int count = 0;
  std::int64_t at = 0;  // where the next part begins
  const std::byte* from = row;
  const auto add = [&](std::int64_t size) {
    parts[count++] = from + at * kSize;
    at += size * step;
  };
  for (std::int64_t size = 1;; size *= 2) {
    const bool last = 2 * size > most;
    // Of the largest as many as there are; of others those that are left over.
    if (kTwice ? last : !last && (width & size) != 0) add(size);
    if (last) {
      for (std::int64_t i = 0; !kTwice && i < width / size; ++i) add(size);
      break;
    }
    const std::byte* const next = from + size * step * kSize;
    each_vectors<kLanes>(columns + (width - 2 * size) * step, [&](std::int64_t i, auto vectors) {
      constexpr int kVectors = decltype(vectors)::kCount;
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j, i += kLanes)
        op.join(V::load(from + i * kSize), V::load(next + i * kSize)).store(scratch + i * kSize);
    });
    from = scratch;
    scratch += pitch;
  }
  if (kTwice && at < width * step) parts[count++] = parts[0] + (width * step - at) * kSize;
  return count;
}

// A window along a row as parts of 1, 2, 4, 8 neighbours and so on, each joined from two of the one
// before.  They come from registers where all of it begins in one vector and the one behind it.
// kFewest, kMost: sizes of parts that there may be.
template <class V, int kFewest, int kMost>
struct Parts {
  static_assert(3 <= kFewest && kMost <= 5);
  int sizes;                       // so many
  bool taken[kMost];               // whether windows have a part of the size,
  typename V::Mask place[kMost];   // the lanes where it begins,
  typename V::Mask second[kMost];  // and where the second of two does

  static CCONV_INLINE bool fit(std::int64_t width, std::int64_t step) {
    std::int64_t largest = 1;
    while (2 * largest <= width) largest *= 2;
    return 1 << (kFewest - 1) <= largest && largest <= 1 << (kMost - 1) &&
           largest / 2 * step <= V::kLanes && (width - largest) * step <= V::kLanes;
  }
  static CCONV_INLINE Parts of(std::int64_t width, std::int64_t step) {
    Parts p{};
    const auto lanes_from = [](std::int64_t lane) {
      typename V::Mask lanes{};
      for (int l = 0; l < V::kLanes; ++l) lanes.v[l] = lane + l;
      return lanes;
    };
    for (std::int64_t size = 1; size <= width; size *= 2, ++p.sizes) {
      p.taken[p.sizes] = (width & size) != 0;
      p.place[p.sizes] = lanes_from((width & (size - 1)) * step);
      p.second[p.sizes] = lanes_from(size * step);  // of the largest, of no use
    }
    return p;
  }
};

// As slide_along, for so many vectors of windows.  A vector of a part is there one vector later
// than those it is joined from.  Reads kSizes vectors more than it stores.
template <class V, int kSizes, class Parts, class Op, class Store>
CCONV_INLINE void slide_vectors(const std::byte* row, const Parts& parts, std::int64_t vectors,
                                Op op, Store store) {
  V before[kSizes], windows[kSizes];  // of each size: the vector before, windows up to this part
#pragma GCC unroll 8
  for (int s = 0; s < kSizes; ++s) before[s] = windows[s] = V::fill(0);
  for (std::int64_t i = -kSizes; i < vectors; ++i) {
    V part = V::load(row + (i + kSizes) * sizeof(V)), up_to_here = part;
    bool begun = false;
#pragma GCC unroll 8
    for (int s = 0; s < kSizes; ++s) {
      const V up_to_last = up_to_here;
      up_to_here = windows[s];
      windows[s] = up_to_last;
      if (parts.taken[s]) {
        windows[s] =
            begun ? op.join(up_to_last, lanes_of(before[s], part, parts.place[s])) : before[s];
        begun = true;
      }
      const V twice = op.join(before[s], lanes_of(before[s], part, parts.second[s]));
      before[s] = part;
      part = twice;
    }
    if (i >= 0) store(windows[kSizes - 1], i * V::kLanes);
  }
}

// As slide_along, where the parts fit.  Reads up to kMost vectors behind the row.
template <class V, class T, int kFewest, int kMost, class Op, class Store>
CCONV_INLINE void slide_in_registers(const std::byte* row, const Parts<V, kFewest, kMost>& parts,
                                     std::int64_t columns, Op op, Store store) {
  const std::int64_t whole = columns / V::kLanes * V::kLanes;
  for (std::int64_t begin = 0; begin < columns;) {
    // The last vector may overlap the one before.
    const std::int64_t from = begin < whole ? 0 : columns - V::kLanes;
    const std::int64_t vectors = begin < whole ? columns / V::kLanes : 1;
    const std::byte* const at = row + from * sizeof(T);
    const auto put = [&](V y, std::int64_t i) { store(y, from + i); };
    const auto slide = [&](auto sizes) {
      constexpr int kSizes = decltype(sizes)::kCount;
      if constexpr (kFewest <= kSizes && kSizes <= kMost) {
        if (parts.sizes == kSizes) slide_vectors<V, kSizes>(at, parts, vectors, op, put);
      }
    };
    slide(Some<3>{});
    slide(Some<4>{});
    slide(Some<5>{});
    begin = begin < whole ? whole : columns;
  }
}

// Calls store(y, i) for vectors y of
//
//   row[i] op row[i + step] op ... row[i + (width - 1) * step]
//
// that cover i < columns, at least a vector's, from parts_along.  scratch: halvings(width) rows of
// `pitch` bytes, each for columns + width * step.
template <class V, class T, bool kTwice, class Op, class Store>
CCONV_INLINE void slide_along(const std::byte* row, std::int64_t width, std::int64_t step,
                              std::int64_t columns, std::byte* scratch, std::int64_t pitch, Op op,
                              Store store) {
  constexpr std::int64_t kSize = sizeof(T);
  constexpr int kLanes = V::kLanes;
  const std::byte* parts[kMostParts];
  const int count =
      parts_along<V, T, kTwice>(row, width, width, step, columns, scratch, pitch, op, parts);
  each_vectors<kLanes>(columns, [&](std::int64_t i, auto vectors) {
    constexpr int kVectors = decltype(vectors)::kCount;
    V y[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) y[j] = V::load(parts[0] + (i + j * kLanes) * kSize);
    for (int p = 1; p < count; ++p) {
      const std::byte* const part = parts[p] + i * kSize;
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) y[j] = op.join(y[j], V::load(part + j * kLanes * kSize));
    }
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) store(y[j], i + j * kLanes);
  });
}

}  // namespace
}  // namespace cconv::rows
