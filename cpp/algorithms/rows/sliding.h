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

// Whether the largest part of a window comes first, or the smallest: as windows that slide in
// registers have it on this level.
constexpr bool kLargestFirst = !kShiftsLanes;

// The parts of windows along a row, which follow one another: where those of the first window are,
// in the order in which they are joined.  What is joined are 1, 2, 4, 8 neighbours and so on, at
// most `most`, each from two of the one before; kTwice: elements may be joined twice, so that the
// two largest that overlap are a window.  Gives how many there are, at most kMostParts.
template <class V, class T, bool kTwice, class Op>
CCONV_INLINE int parts_along(const std::byte* row, std::int64_t width, std::int64_t most,
                             std::int64_t step, std::int64_t columns, std::byte* scratch,
                             std::int64_t pitch, Op op, const std::byte* (&parts)[kMostParts]) {
  constexpr std::int64_t kSize = sizeof(T);
  constexpr int kLanes = V::kLanes;
  int count = 0;
  const std::byte* from = row;
  const auto add = [&](std::int64_t place) { parts[count++] = from + place * step * kSize; };
  for (std::int64_t size = 1;; size *= 2) {
    const std::int64_t smaller = width & (size - 1);
    if (2 * size > most) {
      // Of the largest as many as there are.
      const std::int64_t first = kTwice || kLargestFirst ? 0 : smaller;
      for (std::int64_t i = 0; i < (kTwice ? 1 : width / size); ++i) add(first + i * size);
      if (kTwice && size < width) add(width - size);
      break;
    }
    if (!kTwice && (width & size) != 0) add(kLargestFirst ? width - smaller - size : smaller);
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
  for (int a = 0, b = count - 1; !kTwice && kLargestFirst && a < b; ++a, --b) {
    const std::byte* const part = parts[a];
    parts[a] = parts[b];
    parts[b] = part;
  }
  return count;
}

// A window along a row as parts of 1, 2, 4, 8 neighbours and so on, each joined from two of the one
// before.  They come from registers where all of it begins in one vector and the one behind it: for
// levels that shift lanes by any number.
// kFewest, kMost: sizes of parts that there may be.
template <class V, int kFewest, int kMost>
struct Parts {
  static_assert(3 <= kFewest && kMost <= 5);
  static constexpr int kAhead = kMost;  // vectors read behind a row, at most
  int sizes;                            // so many
  bool taken[kMost];                    // whether windows have a part of the size,
  typename V::Mask place[kMost];        // the lanes where it begins,
  typename V::Mask second[kMost];       // and where the second of two does

  static CCONV_INLINE bool fit(std::int64_t width, std::int64_t step) {
    std::int64_t largest = 1;
    while (2 * largest <= width) largest *= 2;
    return 1 << (kFewest - 1) <= largest && largest <= 1 << (kMost - 1) &&
           largest / 2 * step <= V::kLanes && (width - largest) * step <= V::kLanes;
  }
  static CCONV_INLINE Parts of(std::int64_t width, std::int64_t step) {
    Parts p{};
    const auto indices_from = [](std::int64_t lane) {
      typename V::Mask lanes{};
      for (int l = 0; l < V::kLanes; ++l) lanes.v[l] = lane + l;
      return lanes;
    };
    for (std::int64_t size = 1; size <= width; size *= 2, ++p.sizes) {
      p.taken[p.sizes] = (width & size) != 0;
      p.place[p.sizes] = indices_from((width & (size - 1)) * step);
      p.second[p.sizes] = indices_from(size * step);  // of the largest, of no use
    }
    return p;
  }

  // As slide_along, for so many vectors of windows.
  template <class Op, class Store>
  CCONV_INLINE void slide(const std::byte* row, std::int64_t vectors, Op op, Store store) const {
    const auto with = [&](auto count) {
      constexpr int kSizes = decltype(count)::kCount;
      if constexpr (kFewest <= kSizes && kSizes <= kMost) {
        if (sizes == kSizes) slide_sizes<kSizes>(row, vectors, op, store);
      }
    };
    with(Some<3>{});
    with(Some<4>{});
    with(Some<5>{});
  }

 private:
  // A vector of a part is there one vector later than those it is joined from.
  template <int kSizes, class Op, class Store>
  CCONV_INLINE void slide_sizes(const std::byte* row, std::int64_t vectors, Op op,
                                Store store) const {
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
        if (taken[s]) {
          windows[s] = begun ? op.join(up_to_last, lanes_of(before[s], part, place[s])) : before[s];
          begun = true;
        }
        const V twice = op.join(before[s], lanes_of(before[s], part, second[s]));
        before[s] = part;
        part = twice;
      }
      if (i >= 0) store(windows[kSizes - 1], i * V::kLanes);
    }
  }
};

// Such a window of a width and a step that are known: the largest part comes first, so that each
// begins at a multiple of twice its size: often a vector, or half of one and half of the next.
template <class V, class T, int kWidth, int kStep>
class KnownWindow {
  static constexpr int kLanes = V::kLanes;
  static constexpr std::int64_t kSize = sizeof(T), kVector = sizeof(V);

  // Of parts of 2^s: whether there is one, the lane where it begins, the lane where its second half
  // does, and how many vectors ahead of it single elements are known.
  static constexpr bool has(int s) { return (kWidth >> s & 1) != 0; }
  static constexpr int place(int s) { return (kWidth >> (s + 1) << (s + 1)) * kStep; }
  static constexpr int second(int s) { return kStep << (s - 1); }
  static constexpr int whole(int lanes) { return (lanes + kLanes - 1) / kLanes; }
  static constexpr int behind(int s) { return s < 2 ? 0 : behind(s - 1) + whole(second(s)); }

  static constexpr int largest() {
    int s = 0;
    while (2 << s <= kWidth) ++s;
    return s;
  }
  static constexpr int kLargest = largest();
  static constexpr int ahead() {
    int most = 0;
    for (int s = 1; s <= kLargest; ++s) {
      const int vectors = behind(s) + (has(s) ? whole(place(s)) : 0);
      if (vectors > most) most = vectors;
    }
    return most;
  }

 public:
  // Vectors read behind a row, at most.
  static constexpr int kAhead = ahead() + whole(kStep);

  // As slide_along, for so many vectors of windows.
  template <class Op, class Store>
  CCONV_INLINE void slide(const std::byte* row, std::int64_t vectors, Op op, Store store) {
    for (int v = 0; v < kFirst; ++v) next(row + v * kVector, op);
    for (std::int64_t i = 0; i < vectors * kLanes; i += kLanes) {
      next(row + i * kSize + kFirst * kVector, op);
      store(window(row + i * kSize, op), i);
    }
  }

 private:
  static constexpr int kFirst = ahead();
  V part_[kLargest + 1][kFirst + 1];  // [s][v]: of 2^s, v vectors ahead of the window

  template <int s, int kLane>
  CCONV_INLINE V part() const {
    constexpr int kFrom = kLane / kLanes, kRest = kLane % kLanes;
    if constexpr (kRest == 0)
      return part_[s][kFrom];
    else
      return lanes_from<kRest>(part_[s][kFrom], part_[s][kFrom + 1]);
  }

  // Goes on by a vector, to parts of 2 of the elements from `row` on.
  template <class Op>
  CCONV_INLINE void next(const std::byte* row, Op op) {
#pragma GCC unroll 8
    for (int s = 1; s <= kLargest; ++s) {
#pragma GCC unroll 16
      for (int v = 0; v < kFirst; ++v) part_[s][v] = part_[s][v + 1];
    }
    part_[1][kFirst] = op.join(V::load(row), V::load(row + kStep * kSize));
    double_from<2>(op);
  }
  template <int s, class Op>
  CCONV_INLINE void double_from(Op op) {
    if constexpr (s <= kLargest) {
      constexpr int kAt = kFirst - behind(s);
      part_[s][kAt] = op.join(part_[s - 1][kAt], part<s - 1, kAt * kLanes + second(s)>());
      double_from<s + 1>(op);
    }
  }

  template <class Op>
  CCONV_INLINE V window(const std::byte* row, Op op) const {
    const V y = with_parts<kLargest - 1>(part_[kLargest][0], op);
    return has(0) ? op.join(y, V::load(row + place(0) * kSize)) : y;
  }
  template <int s, class Op>
  CCONV_INLINE V with_parts(V y, Op op) const {
    if constexpr (s < 1)
      return y;
    else if constexpr (has(s))
      return with_parts<s - 1>(op.join(y, part<s, place(s)>()), op);
    else
      return with_parts<s - 1>(y, op);
  }
};

// As slide_along, of a window that slides in registers.  Reads up to kAhead vectors behind the row.
template <class V, class T, class Window, class Op, class Store>
CCONV_INLINE void slide_in_registers(const std::byte* row, Window window, std::int64_t columns,
                                     Op op, Store store) {
  const std::int64_t whole = columns / V::kLanes * V::kLanes;
  for (std::int64_t begin = 0; begin < columns;) {
    // The last vector may overlap the one before.
    const std::int64_t from = begin < whole ? 0 : columns - V::kLanes;
    const std::int64_t vectors = begin < whole ? columns / V::kLanes : 1;
    window.slide(row + from * sizeof(T), vectors, op,
                 [=](V y, std::int64_t i) { store(y, from + i); });
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
