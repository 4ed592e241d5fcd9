// How rooms that read pixel by pixel cut the output into strips of positions, and how many rows of
// input a strip needs a copy of.
#pragma once

#include <algorithm>

#include "problem/cursor.h"
#include "problem/problem.h"
#include "runtime/workspace.h"

namespace cconv::pixels {

// Consecutive positions, begun at a cursor.
struct Strip {
  std::int64_t begin, count;
  Cursor cursor;
};

// The outputs of all images in C order of (n, od, oh, ow), in units that are cut on their own:
// those of a row, a plane, or all of them.
struct Strips {
  std::int64_t positions;  // of a strip, before the last one of its unit
  std::int64_t unit;
  std::int64_t per_unit;
  std::int64_t count;
  std::int64_t band_rows;    // of input, copied for a strip; 0: none are
  std::int64_t band_pixels;  // of such a row

  Strip at(const Problem& p, std::int64_t index) const {
    const std::int64_t start = index / per_unit * unit;
    const std::int64_t begin = start + index % per_unit * positions;
    return {begin, std::min(positions, start + unit - begin), Cursor::at(p, begin)};
  }
};

// How far strips may go.
struct Limits {
  std::int64_t positions;
  std::int64_t fewest;      // even where a band is larger than
  std::int64_t band_bytes;  // this
};

// Elements of an axis under n outputs that follow one another: all from the first to the last, and
// at most so many that are read.
constexpr std::int64_t reach(const Axis& a, std::int64_t n) {
  return saturating_add(saturating_multiply(n - 1, a.window.stride), span(a.window));
}
constexpr std::int64_t most_read(const Axis& a, std::int64_t n) {
  return std::min({reach(a, n), saturating_multiply(n, a.window.kernel), a.in});
}

// Strips of equal size: whole pieces of a unit, at most `most` positions or one piece.
inline Strips cut(std::int64_t total, std::int64_t unit, std::int64_t piece, std::int64_t most) {
  const std::int64_t pieces = unit / piece;
  const std::int64_t strips = divide_up(pieces, std::max<std::int64_t>(most / piece, 1));
  Strips s{};
  s.unit = unit;
  s.positions = divide_up(pieces, strips) * piece;
  s.per_unit = divide_up(unit, s.positions);
  s.count = total / unit * s.per_unit;
  return s;
}

// pixel_bytes: of a copied pixel; 0 where the input is read in place.
inline Strips cut_strips(const Problem& p, std::int64_t pixel_bytes, const Limits& limits) {
  if (p.outputs() == 0) return {1, 1, 1, 0, 0, 0};
  const Axis &d = p.axis[0], &h = p.axis[1], &w = p.axis[2];
  const std::int64_t images = std::max<std::int64_t>(p.N, 1);  // strips of none have a length too
  const std::int64_t total = images * p.outputs(), plane = h.out * w.out;
  const auto rows_under = [&](std::int64_t rows) {
    return saturating_multiply(most_read(d, 1), most_read(h, rows));
  };
  const auto fits = [&](std::int64_t rows, std::int64_t columns, std::int64_t planes = 1) {
    return saturating_product({planes, rows_under(rows), reach(w, columns), pixel_bytes}) <=
           limits.band_bytes;
  };
  Strips s{};
  if (w.out > limits.positions || !fits(1, w.out)) {
    std::int64_t most = std::min(limits.positions, w.out);
    while (most > limits.fewest && !fits(1, most)) most = divide_up(most, 2);
    s = cut(total, w.out, 1, most);
    s.band_rows = rows_under(1);
  } else if (plane > limits.positions || !fits(h.out, w.out)) {
    std::int64_t rows = std::min(limits.positions / w.out, h.out);
    while (!fits(rows, w.out)) --rows;
    s = cut(total, plane, w.out, rows * w.out);
    s.band_rows = rows_under(s.positions / w.out);
  } else {
    std::int64_t planes = limits.positions / plane;
    while (!fits(h.out, w.out, planes)) --planes;
    s = cut(total, total, plane, planes * plane);
    s.band_rows = saturating_multiply(s.positions / plane, rows_under(h.out));
  }
  s.band_pixels = reach(w, std::min(s.positions, w.out));
  if (pixel_bytes == 0) s.band_rows = s.band_pixels = 0;
  return s;
}

// How much of what is copied along the width is beyond what outputs take one after the other: large
// where taps are far apart.
inline double spread(const Axis& w, const Limits& limits) {
  const std::int64_t n = std::clamp<std::int64_t>(w.out, 1, limits.positions);
  return static_cast<double>(reach(w, n)) /
         (static_cast<double>(n) * static_cast<double>(w.window.stride));
}

// Rows of input that a thread has copied for a strip, found again by a hash table.
struct Band {
  struct Slot {
    std::int64_t row;  // of src, in C order of (n, id, ih); -1: none
    std::int64_t place;
  };
  std::byte* rows = nullptr;
  Slot* slots = nullptr;
  std::int64_t slot_count = 0;  // a power of two
  std::int64_t used = 0;
  std::int64_t first = 0;  // column of each row; before the axis in the border

  static std::int64_t slots_for(const Strips& s) {
    std::int64_t slots = 4;
    while (slots / 2 < std::min(s.band_rows, kMaxExtent / 16)) slots *= 2;
    return slots;
  }
  static std::int64_t rows_bytes(const Strips& s, std::int64_t pixel_bytes) {
    return whole_lines(saturating_product({s.band_rows, s.band_pixels, pixel_bytes}));
  }
  static std::int64_t bytes(const Strips& s, std::int64_t pixel_bytes) {
    if (s.band_rows == 0) return 0;
    const auto slot = static_cast<std::int64_t>(sizeof(Slot));
    return rows_bytes(s, pixel_bytes) + whole_lines(saturating_multiply(slots_for(s), slot));
  }

  Band() = default;
  // In memory of so many bytes.
  Band(const Strips& s, std::int64_t pixel_bytes, std::byte* memory)
      : rows(memory),
        slots(reinterpret_cast<Slot*>(memory + rows_bytes(s, pixel_bytes))),
        slot_count(s.band_rows > 0 ? slots_for(s) : 0) {}

  void clear(std::int64_t first_column) {
    std::fill_n(slots, slot_count, Slot{-1, 0});
    used = 0;
    first = first_column;
  }
};

}  // namespace cconv::pixels
