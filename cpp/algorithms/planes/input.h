// The rows of input under a band of outputs: in src itself where windows lie inside and elements
// follow one another in the type of the sum, else copies, border included.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "algorithms/planes/geometry.h"
#include "algorithms/rows/border.h"
#include "algorithms/rows/kernel.h"
#include "runtime/workspace.h"

namespace cconv::planes {

// A copied row of input: a phase for each step of the stride, so that neighbouring outputs have
// neighbouring inputs.  In elements.
inline std::int64_t phase_pitch(const Geometry& g, std::int64_t columns) {
  const Window& w = g.w.window;
  const std::int64_t behind = saturating_multiply(most_shifted(w) + 2, g.inner);
  return round_up(std::min(saturating_add(columns, behind), kMaxExtent / 64), 16);
}
// Of so many bytes; an odd number of cache lines, so that columns of rows are not of one set.
inline std::int64_t row_bytes(const Geometry& g, std::int64_t columns, std::int64_t size) {
  const std::int64_t bytes =
      whole_lines(saturating_product({phases(g.w.window), phase_pitch(g, columns), size}));
  return bytes | kCacheLine;
}

// Columns [begin, end) of a row of outputs, and whether their input is copied.
struct Segment {
  std::int64_t begin, end;
  bool copied;

  std::int64_t count() const { return end - begin; }
};

// T: the type of the sum, or bytes, of src as they are.
template <class T>
class Input {
 public:
  // lanes: the least that a segment has.  row_bytes: of a copied row.  tile_rows: rows of outputs
  // that are summed together.  once: what is loaded of a row is not loaded again soon.
  Input(const Problem& p, const Geometry& g, const std::byte* src, std::int64_t lanes,
        std::int64_t row_bytes, std::int64_t tile_rows, bool once = false)
      : p_(p),
        g_(g),
        src_(src),
        lanes_(lanes),
        row_bytes_(row_bytes),
        as_it_is_(sizeof(T) == 1 || p.src_type == p.sum_type),
        load_(sizeof(T) == 1
                  ? rows::kernels().gather[0]
                  : rows::kernels().load[static_cast<int>(p.src_type)][sum_index(p.sum_type)]) {
    constexpr std::int64_t kNear = 4 << 20;  // from end to end of a plane that lies in some cache
    const std::int64_t step = std::abs(g.src_step[1]);
    const bool finds_lines = once && step <= kNear / std::max<std::int64_t>(g.h.in, 1);
    in_place_ = as_it_is_ && g.src_step[2] == kSize && g.w.window.stride == 1 &&
                (finds_lines || !aliases(step, rows_under(g, tile_rows)));
    if (p.border == Border::constant) border_ = rows::border_term<T>(p);
    const Axis& w = g.w;
    inside_ = {positions_inside(w.window, 0, w.in, w.out).begin * g.inner,
               positions_inside(w.window, w.window.kernel - 1, w.in, w.out).end * g.inner};
  }

  // A row of border, if windows see one.
  void fill(std::byte* row) const {
    const auto is_padded = [](const Axis& a) { return a.window.before > 0 || a.window.after > 0; };
    if (p_.border == Border::constant && (is_padded(g_.d) || is_padded(g_.h)))
      std::fill_n(reinterpret_cast<T*>(row), row_bytes_ / kSize, border_);
  }

  // Calls f(segment) for the columns [begin, end): those inside in one piece, the rest copied; each
  // of at least a vector's lanes, where there are so many.
  template <class F>
  void each_segment(std::int64_t begin, std::int64_t end, const F& f) const {
    std::int64_t from = std::clamp(inside_.begin, begin, end);
    std::int64_t to = std::clamp(inside_.end, from, end);
    if (from > begin) from = std::max(from, begin + lanes_);
    if (to < end) to = std::min(to, end - lanes_);
    if (!in_place_ || to - from < lanes_)
      return f(Segment{begin, std::max(end, begin + lanes_), true});
    if (from > begin) f(Segment{begin, from, true});
    f(Segment{from, to, false});
    if (to < end) f(Segment{to, end, true});
  }

  // offsets[kw]: of a column of taps.
  void place_taps(const Segment& s, std::int64_t* offsets) const {
    const Window& w = g_.w.window;
    const std::int64_t pitch = phase_pitch(g_, s.count()) * kSize;
    for (std::int64_t kw = 0; kw < w.kernel; ++kw) {
      const Shift shift = shift_of(w, kw);
      offsets[kw] = shift.phase * pitch + shift.outputs * g_.inner * kSize;
    }
  }

  // table[kd * rows + q]: the input under the segment in row q of those under the band from oh on,
  // copied one after the other to `copies`.
  void find(const Unit& u, std::int64_t oh, std::int64_t band, const Segment& s,
            const std::byte* border, std::byte* copies, const std::byte** table) const {
    const std::byte* const plane = src_ + g_.src_batch->offset(u.n) + u.plane * g_.src_plane;
    const std::int64_t rows = rows_under(g_, band),
                       step = shares_rows(g_) ? 1 : g_.h.window.dilation;
    const std::int64_t first = input_index(g_.h.window, oh, 0);
    for (std::int64_t kd = 0; kd < g_.d.window.kernel; ++kd, table += rows) {
      const std::int64_t id = border_index(p_.border, input_index(g_.d.window, u.od, kd), g_.d.in);
      for (std::int64_t q = 0, run = 0; q < rows; q += run) {
        // Rows inside are found together.
        const std::int64_t y = first + q * step, ih = border_index(p_.border, y, g_.h.in);
        run = y == ih ? std::min(rows - q, (g_.h.in - 1 - y) / step + 1) : 1;
        if (id < 0 || ih < 0) {
          table[q] = border;
          run = 1;
          continue;
        }
        const Rows from{plane + id * g_.src_step[0] + ih * g_.src_step[1], step * g_.src_step[1],
                        run};
        const Rows to = s.copied ? copy(from, s, copies) : in_place(from, s);
        for (std::int64_t i = 0; i < run; ++i) table[q + i] = to.data + i * to.step;
        if (s.copied) copies += run * row_bytes_;
      }
    }
  }

 private:
  static constexpr std::int64_t kSize = sizeof(T);

  // Whether so many rows are too many for the lines of the first-level cache that they share.
  static bool aliases(std::int64_t step, std::int64_t rows) {
    constexpr std::int64_t kWay = 4096, kWays = 8;
    return rows > kWays * (kWay / std::gcd(step, kWay));
  }

  struct Rows {
    const std::byte* data;
    std::int64_t step, count;
  };

  Rows in_place(const Rows& rows, const Segment& s) const {
    return {rows.data + (s.begin - g_.w.window.before * g_.inner) * kSize, rows.step, rows.count};
  }

  // Whole pixels under the segment, a phase of the stride after the other.
  Rows copy(const Rows& rows, const Segment& s, std::byte* copies) const {
    const Window& w = g_.w.window;
    const std::int64_t pixel = s.begin / g_.inner, first = input_index(w, pixel, 0);
    const std::int64_t outputs = (s.end - 1) / g_.inner - pixel + 1;
    const std::int64_t pitch = phase_pitch(g_, s.count()) * kSize;
    for (std::int64_t phase = 0; phase < phases(w); ++phase)
      copy_phase(rows, {1, w.stride, 1, -(first + phase), 0},
                 outputs + (span(w) - 1 - phase) / w.stride, copies + phase * pitch);
    return {copies + (s.begin - pixel * g_.inner) * kSize, row_bytes_, rows.count};
  }

  // The pixels that a window of one tap sees at `count` positions.
  void copy_phase(const Rows& rows, const Window& w, std::int64_t count, std::byte* copies) const {
    const Range inside = positions_inside(w, 0, g_.w.in, count);
    auto* const to = reinterpret_cast<T*>(copies);
    const std::int64_t pitch = row_bytes_ / kSize;
    const auto load = [&](std::int64_t iw, std::int64_t i, std::int64_t pixels) {
      load_({rows.data + iw * g_.inner * g_.src_step[2], rows.step, w.stride * g_.src_step[2],
             rows.count, pixels * g_.inner},
            to + i * g_.inner, pitch);
    };
    if (inside.begin < inside.end)
      load(input_index(w, inside.begin, 0), inside.begin, inside.end - inside.begin);
    const auto copy_outside = [&](std::int64_t begin, std::int64_t end) {
      if (p_.border == Border::constant) {
        for (std::int64_t r = 0; r < rows.count; ++r)
          std::fill_n(to + r * pitch + begin * g_.inner, (end - begin) * g_.inner, border_);
        return;
      }
      std::int64_t group[kGroup];  // where the border is like, row after row
      for (std::int64_t i = begin; i < end; i += kGroup) {
        const std::int64_t count = std::min(kGroup, end - i);
        bool loaded = w.stride == 1;  // before, in the same rows of copies
        const std::int64_t first = input_index(w, inside.begin, 0);
        for (std::int64_t j = 0; j < count; ++j) {
          group[j] = border_index(p_.border, input_index(w, i + j, 0), g_.w.in);
          loaded &= group[j] >= first && group[j] < first + inside.end - inside.begin;
        }
        if (!loaded && !as_it_is_) {
          for (std::int64_t j = 0; j < count; ++j) load(group[j], i + j, 1);
          continue;
        }
        for (std::int64_t r = 0; r < rows.count; ++r) {
          T* const row = to + r * pitch;
          const std::byte* const from =
              loaded ? reinterpret_cast<const std::byte*>(row + (inside.begin - first) * g_.inner)
                     : rows.data + r * rows.step;
          const std::int64_t step = loaded ? kSize : g_.src_step[2];
          for (std::int64_t j = 0; j < count; ++j)
            for (std::int64_t c = 0; c < g_.inner; ++c)
              std::memcpy(row + (i + j) * g_.inner + c, from + (group[j] * g_.inner + c) * step,
                          sizeof(T));
        }
      }
    };
    copy_outside(0, inside.begin);
    copy_outside(inside.end, count);
  }

  static constexpr std::int64_t kGroup = 32;  // pixels of border

  const Problem& p_;
  const Geometry& g_;
  const std::byte* const src_;
  const std::int64_t lanes_, row_bytes_;
  const bool as_it_is_;  // an element of src is one that is summed
  const rows::Load load_;
  bool in_place_;
  Range inside_;  // columns whose windows see no border
  T border_{};
};

}  // namespace cconv::planes
