// Where the kernel finds the input pixels under each tap at a strip of output positions: in src
// itself where the channels of a pixel follow one another there, else in copies of its rows, which
// are as long as the windows reach, border included.  A constant border is one pixel for all.
#pragma once

#include <algorithm>
#include <cstring>

#include "algorithms/pixels/strips.h"
#include "algorithms/rows/border.h"
#include "algorithms/rows/kernel.h"

namespace cconv::pixels {

// Positions of a strip, in runs that follow one another.
struct Runs {
  static constexpr int kMost = 32;
  std::int64_t begin[kMost], end[kMost];
  int count = 0;
  std::int64_t positions = 0;

  static Runs all(std::int64_t positions) {
    Runs runs;
    runs.add({0, positions});
    return runs;
  }
  bool full() const { return count == kMost; }
  void add(const Range& run) {
    if (full()) return;
    positions += run.end - run.begin;
    if (count == 0 || end[count - 1] != run.begin) begin[count++] = run.begin;
    end[count - 1] = run.end;
  }
};

template <class T>
class Pixels {
 public:
  // joins: where rows are copied and taps lie side by side, one address may serve a row of taps.
  // border: elements of a row of taps, for a constant border.
  Pixels(const Problem& p, const View& src, const Strips& strips, bool joins, T* border)
      : p_(p),
        src_(src),
        load_(rows::kernels().load[static_cast<int>(p.src_type)][sum_index(p.sum_type)]),
        copies_(strips.band_rows > 0),
        row_bytes_(strips.band_pixels * p.IC / p.G * kSize),
        pixel_bytes_(copies_ ? p.IC / p.G * kSize : src.spatial[2]),
        joined_(joins && copies_ && p.axis[2].window.dilation == 1),
        border_(border) {
    if (p.border != Border::constant) return;
    const T term = rows::border_term<T>(p);
    std::fill_n(border, p.axis[2].window.kernel * (p.IC / p.G), term);
    zero_border_ = term == T(0);
  }

  // Taps that one address serves: those of a row, or one.
  std::int64_t taps_together() const { return joined_ ? p_.axis[2].window.kernel : 1; }

  // Before a strip of other positions or of another group.
  void begin(const Strip& strip, Band& band) const {
    if (!copies_) return;
    const Window& w = p_.axis[2].window;
    const bool one_row = strip.cursor.ow + strip.count <= p_.axis[2].out;
    band.clear(input_index(w, one_row ? strip.cursor.ow : 0, 0));
  }

  // The positions of a strip to which taps [first, first + count) add something, or a little more:
  // where one tap alone sees the input, if that is worth the runs it takes; else all, or none where
  // the taps see nothing but a border of zeros.
  Runs runs(const Strip& strip, std::int64_t first, std::int64_t count) const {
    Runs runs;
    if (zero_border_ && count == 1) {
      each_run_inside(strip, Tap::at(p_, first), [&](const Range& run) { runs.add(run); });
      constexpr std::int64_t kPerRun = 1;  // positions that an end of one costs
      if (runs.positions + kPerRun * runs.count <= strip.count && !runs.full()) return runs;
    }
    if (zero_border_ && adds_nothing(strip, first, count)) return Runs();
    return Runs::all(strip.count);
  }

  // table[t * strip.count + i]: the address of the pixels under tap `first` + t * taps_together()
  // at position i.
  void find(const Strip& strip, std::int64_t g, std::int64_t first, std::int64_t taps, Band& band,
            const std::byte** table) const {
    const std::int64_t together = taps_together();
    for (std::int64_t k = first; k < first + taps; k += together) {
      const Tap tap = Tap::at(p_, k);
      Cursor at = strip.cursor;
      for (std::int64_t i = 0; i < strip.count;) {
        const std::int64_t width = std::min(strip.count - i, p_.axis[2].out - at.ow);
        find_row(at, width, g, tap, band, table + i);
        i += width;
        at.advance(p_, width);
      }
      table += strip.count;
    }
  }

 private:
  static constexpr std::int64_t kSize = sizeof(T);

  // Calls f(run) for the positions of a strip, row by row, at which a tap sees no border.
  template <class F>
  void each_run_inside(const Strip& strip, const Tap& tap, const F& f) const {
    const Axis &d = p_.axis[0], &h = p_.axis[1], &w = p_.axis[2];
    const Range columns = positions_inside(w.window, tap.kw, w.in, w.out);
    Cursor at = strip.cursor;
    for (std::int64_t i = 0; i < strip.count;) {
      const std::int64_t end = std::min(w.out, at.ow + strip.count - i), width = end - at.ow;
      const Range run{std::clamp(columns.begin, at.ow, end), std::clamp(columns.end, at.ow, end)};
      const bool inside = is_inside(d, at.od, tap.kd) && is_inside(h, at.oh, tap.kh);
      if (inside && run.begin < run.end) f(Range{i + run.begin - at.ow, i + run.end - at.ow});
      i += width;
      at.advance(p_, width);
    }
  }

  static bool is_inside(const Axis& a, std::int64_t position, std::int64_t tap) {
    const Range inside = positions_inside(a.window, tap, a.in, a.out);
    return inside.begin <= position && position < inside.end;
  }

  bool adds_nothing(const Strip& strip, std::int64_t first, std::int64_t count) const {
    Cursor last = strip.cursor;
    last.advance(p_, strip.count - 1);
    if (last.n != strip.cursor.n || last.od != strip.cursor.od) return false;
    const auto outside = [&](const Axis& a, std::int64_t from, std::int64_t to, std::int64_t tap) {
      const Range inside = positions_inside(a.window, tap, a.in, a.out);
      return to < inside.begin || from >= inside.end;
    };
    const std::int64_t OW = p_.axis[2].out;
    const bool one_row = last.oh == strip.cursor.oh;
    for (std::int64_t k = first; k < first + count; ++k) {
      const Tap tap = Tap::at(p_, k);
      if (!outside(p_.axis[0], strip.cursor.od, strip.cursor.od, tap.kd) &&
          !outside(p_.axis[1], strip.cursor.oh, last.oh, tap.kh) &&
          !outside(p_.axis[2], one_row ? strip.cursor.ow : 0, one_row ? last.ow : OW - 1, tap.kw))
        return false;
    }
    return true;
  }

  void find_row(const Cursor& at, std::int64_t width, std::int64_t g, const Tap& tap, Band& band,
                const std::byte** table) const {
    const Axis &d = p_.axis[0], &h = p_.axis[1], &w = p_.axis[2];
    const std::int64_t id = border_index(p_.border, input_index(d.window, at.od, tap.kd), d.in);
    const std::int64_t ih = border_index(p_.border, input_index(h.window, at.oh, tap.kh), h.in);
    const std::byte* const outside = reinterpret_cast<const std::byte*>(border_);
    if (id < 0 || ih < 0) return std::fill_n(table, width, outside), void();

    const std::int64_t begin = at.ow, end = at.ow + width;
    const std::int64_t step = w.window.stride * pixel_bytes_;
    if (copies_) {
      const std::byte* const row = copied_row(at.n, id, ih, g, band);
      point(row + (input_index(w.window, begin, tap.kw) - band.first) * pixel_bytes_, step, table,
            width);
      return;
    }
    const std::byte* const row = src_row(at.n, id, ih, g);
    const Range inside = positions_inside(w.window, tap.kw, w.in, w.out);
    const std::int64_t from = std::clamp(inside.begin, begin, end);
    const std::int64_t to = std::clamp(inside.end, from, end);
    const auto point_outside = [&](std::int64_t ow) {
      const std::int64_t iw = border_index(p_.border, input_index(w.window, ow, tap.kw), w.in);
      table[ow - begin] = iw < 0 ? outside : row + iw * pixel_bytes_;
    };
    for (std::int64_t ow = begin; ow < from; ++ow) point_outside(ow);
    if (from < to)
      point(row + input_index(w.window, from, tap.kw) * pixel_bytes_, step, table + (from - begin),
            to - from);
    for (std::int64_t ow = to; ow < end; ++ow) point_outside(ow);
  }

  // table[i] = pixel + i * step, four at a time.
  static void point(const std::byte* pixel, std::int64_t step, const std::byte** table,
                    std::int64_t count) {
    typedef std::int64_t Pair __attribute__((vector_size(16), aligned(8), may_alias));
    const auto first = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(pixel));
    Pair even = {first, first + step}, odd = even + 2 * step;
    std::int64_t i = 0;
    for (; i + 4 <= count; i += 4, even += 4 * step, odd += 4 * step) {
      *reinterpret_cast<Pair*>(table + i) = even;
      *reinterpret_cast<Pair*>(table + i + 2) = odd;
    }
    for (; i < count; ++i) table[i] = pixel + i * step;
  }

  const std::byte* src_row(std::int64_t n, std::int64_t id, std::int64_t ih, std::int64_t g) const {
    return src_.data + src_.batch->offset(n) + g * (p_.IC / p_.G) * src_.channel +
           id * src_.spatial[0] + ih * src_.spatial[1];
  }

  // The copy of a row, made when it is first asked for.
  const std::byte* copied_row(std::int64_t n, std::int64_t id, std::int64_t ih, std::int64_t g,
                              Band& band) const {
    const std::int64_t row = (n * p_.axis[0].in + id) * p_.axis[1].in + ih;
    std::int64_t slot = row & (band.slot_count - 1);
    while (band.slots[slot].row != row && band.slots[slot].row >= 0)
      slot = (slot + 1) & (band.slot_count - 1);
    if (band.slots[slot].row < 0) {
      band.slots[slot] = {row, band.used++};
      copy_row(src_row(n, id, ih, g), band.first, band.rows + band.slots[slot].place * row_bytes_);
    }
    return band.rows + band.slots[slot].place * row_bytes_;
  }

  // Columns from `first` on, as many as the windows of a strip reach at most.
  void copy_row(const std::byte* row, std::int64_t first, std::byte* copy) const {
    const Axis& w = p_.axis[2];
    const std::int64_t ICg = p_.IC / p_.G, end = first + row_bytes_ / pixel_bytes_;
    const std::int64_t from = std::clamp<std::int64_t>(0, first, end);
    const std::int64_t to = std::clamp(w.in, from, end);
    const bool dense = src_.spatial[2] == ICg * src_.channel;
    const auto load = [&](std::int64_t iw, std::int64_t pixels, std::int64_t column) {
      const std::byte* const from = row + iw * src_.spatial[2];
      std::byte* const to = copy + (column - first) * pixel_bytes_;
      if (dense)
        load_({from, 0, src_.channel, 1, pixels * ICg}, to, 0);
      else
        load_({from, src_.spatial[2], src_.channel, pixels, ICg}, to, ICg);
    };
    const auto load_outside = [&](std::int64_t column) {
      const std::int64_t iw = border_index(p_.border, column, w.in);
      if (iw < 0)
        std::memcpy(copy + (column - first) * pixel_bytes_, border_,
                    static_cast<std::size_t>(pixel_bytes_));
      else
        load(iw, 1, column);
    };
    for (std::int64_t column = first; column < from; ++column) load_outside(column);
    if (from < to) load(from, to - from, from);
    for (std::int64_t column = to; column < end; ++column) load_outside(column);
  }

  const Problem& p_;
  const View& src_;
  const rows::Load load_;
  const bool copies_;
  const std::int64_t row_bytes_;    // of a copied row
  const std::int64_t pixel_bytes_;  // between pixels
  const bool joined_;               // the taps of a row follow one another
  T* const border_;
  bool zero_border_ = false;
};

}  // namespace cconv::pixels
