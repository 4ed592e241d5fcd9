// Planes whose rows lie side by side, a band of rows of results at a time: windows down the columns
// of all of them first, then along what is left.  Where windows hang over the border, they find
// what changes nothing.  Small planes that follow one another are one, of many rows.  Large windows
// that slide by one share what they have in common.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "algorithms/pooling/band_tiling.h"
#include "algorithms/pooling/kernel.h"
#include "algorithms/pooling/norm.h"
#include "algorithms/pooling/source.h"
#include "algorithms/rows/kernel.h"
#include "runtime/parallel.h"
#include "runtime/workspace.h"

namespace cconv::pooling {

class Bands {
 public:
  // taps: for the windows of each slice of results and of each row of one.
  Bands(const PoolProblem& p, const View& src, const View& dst, const BandTiling& t, Taps* taps)
      : p_(p),
        source_(p, src),
        steps_(src.spatial),
        dst_(dst),
        t_(t),
        reduce_(reduction_of(p, t.type)),
        depth_(taps),
        height_(taps + p.axis[0].out) {
    for (const PoolAxis* axis = p.axis; axis < p.axis + 2; ++axis)
      for (std::int64_t o = 0; o < axis->out; ++o) {
        *taps++ = axis->taps(o);
        if (p.pool == Pool::average && p.divisor == 0)
          rows_alike_ &= counted(p, *axis, o) == counted(p, *axis, 0);
      }
    const PoolAxis& w = p.axis[2];
    whole_ = {positions_inside(w.window, 0, w.in, w.out).begin,
              positions_inside(w.window, w.window.kernel - 1, w.in, w.out).end};
  }

  std::int64_t items() const {
    return p_.N * (t_.blocks / t_.planes) * (p_.axis[0].out / t_.slices) * t_.pieces *
           divide_up(t_.bands, t_.per_item);
  }

  // A thread's scratch, and what it holds for one piece of rows after the other.
  struct Thread {
    std::byte *nothing, *down, *loaded, *result, *shared;
    const std::byte** table;
    std::byte* divisors[BandTiling::kDivisors];
    double divided_rows[BandTiling::kDivisors];
    int oldest = 0;                      // of the divisors
    bool alike = false;                  // whether those of a row are
    std::int64_t begin = -1, inner = 0;  // the piece and its channels that all of it is for

    Thread(const BandTiling& t, std::byte* at) {
      nothing = take(at, t.nothing_bytes);
      down = take(at, t.down_bytes);
      loaded = take(at, t.loaded_bytes);
      result = take(at, t.result_bytes);
      shared = take(at, t.shared_bytes);
      table = reinterpret_cast<const std::byte**>(take(at, t.table_bytes));
      for (std::byte*& row : divisors) row = take(at, t.divisors_bytes);
    }
  };

  void item(std::int64_t index, int worker, Thread& thread, Stop& stop) const {
    std::int64_t band = 0;
    const Group g = group_of(index, band);
    if (thread.begin != g.begin || thread.inner != g.inner) {
      thread.begin = g.begin;
      thread.inner = g.inner;
      std::fill_n(thread.divided_rows, BandTiling::kDivisors, -1);
      fill_border(g, thread);
    }
    const std::int64_t end = std::min(band + t_.per_item, t_.bands);
    for (; band < end; ++band) {
      if (worker == 0) stop.poll_when_due();
      if (stop.requested()) return;
      const std::int64_t row = band * t_.band;
      run(g, row, std::min(t_.band, t_.group - row), thread);
    }
  }

 private:
  // Rows of results, `count` of each from `begin` on, that follow one another; columns
  // [column, column + columns) are under them, [first, last) are taken from the input: where it
  // lies, or with their border as they are loaded.
  struct Group {
    const std::byte* src;
    std::byte* dst;
    std::int64_t od, begin, count, channels, inner, column, columns, first, last;
    bool in_place;
  };

  // That of an item, whose first band is `band`.
  Group group_of(std::int64_t index, std::int64_t& band) const {
    const auto next = [&index](std::int64_t extent) {
      const std::int64_t i = index % extent;
      index /= extent;
      return i;
    };
    const PoolAxis& w = p_.axis[2];
    band = next(divide_up(t_.bands, t_.per_item)) * t_.per_item;
    const Range piece = piece_of(w.out, next(t_.pieces), t_.pieces);
    Group g;
    g.begin = piece.begin;
    g.count = piece.end - piece.begin;
    g.od = next(p_.axis[0].out / t_.slices);
    const std::int64_t c = next(t_.blocks / t_.planes) * t_.channels;
    g.channels = p_.channels_last ? std::min(t_.channels, p_.C - c) : 1;
    g.inner = g.channels * parts_of(p_);
    g.src = source_.plane(index, c);
    g.dst = dst_.data + dst_.batch->offset(index) + c * dst_.channel + g.od * dst_.spatial[0] +
            g.begin * dst_.spatial[2];
    g.column = input_index(w.window, g.begin, 0);
    g.columns = (g.count - 1) * w.window.stride + span(w.window);
    g.first = std::clamp<std::int64_t>(g.column, 0, w.in);
    g.last = std::clamp<std::int64_t>(g.column + g.columns, g.first, w.in);
    // Columns that are too few to slide over are loaded with their border.
    g.in_place = t_.in_place && (!t_.slides || (g.last - g.first) * g.inner >= kMostLanes);
    if (!g.in_place) g.first = g.column, g.last = g.column + g.columns;
    return g;
  }

  // Of rows that windows went down: their first position, so that the first from the input is
  // aligned.
  std::byte* down_of(const Group& g, Thread& thread) const {
    const std::int64_t before = (g.first - g.column) * g.inner * t_.size;
    return thread.down + (whole_lines(before) - before);
  }

  // A row of the border, and the border of rows that windows go down.
  void fill_border(const Group& g, Thread& thread) const {
    source_.fill(thread.nothing, g.columns * g.inner);
    std::byte* row = down_of(g, thread);
    const std::int64_t before = (g.first - g.column) * g.inner;
    const std::int64_t after = (g.column + g.columns - g.last) * g.inner;
    if (before + after == 0) return;
    for (std::int64_t r = 0; r < t_.band; ++r, row += t_.pitch) {
      source_.fill(row, before);
      source_.fill(row + (g.columns * g.inner - after) * t_.size, after);
    }
  }

  // Rows [first, first + rows) of a group.
  void run(const Group& g, std::int64_t first, std::int64_t rows, Thread& thread) const {
    const Window& w = p_.axis[2].window;
    if (t_.squares) return run_squares(g, first, rows, thread);
    const std::byte* src = down_of(g, thread);
    std::int64_t pitch = t_.pitch;
    if (t_.untouched) {
      pitch = t_.planes > 1 ? source_.view.channel : p_.axis[1].window.stride * steps_[1];
      src =
          g.src + first * pitch + g.first * steps_[2] + g.od * p_.axis[0].window.stride * steps_[0];
    } else {
      go_down(g, first, rows, thread);
    }

    std::byte* const dst = g.dst + first * t_.row_step;
    std::byte* const result = t_.as_made ? dst : thread.result;
    const std::int64_t row = g.count * g.inner * t_.size;
    const std::int64_t result_pitch = t_.as_made ? t_.row_step : row;
    for (std::int64_t r = 0, some; r < rows; r += some) {
      some = t_.slides && w.kernel >= kWide ? 1 : rows - r;
      Divisors by;
      if (p_.pool == Pool::average) {
        const double height = rows_counted(g, first + r);
        for (std::int64_t more = 1; !rows_alike_ && more < some; ++more)
          if (rows_counted(g, first + r + more) != height) some = more;
        by = divisors_of(g, height, thread);
      }
      const std::byte* const from = src + r * pitch;
      std::byte* const to = result + r * result_pitch;
      if (t_.slides && w.kernel >= kWide)
        reduce_.slide_along(
            {from, w.kernel, g.inner, g.count * g.inner, to, thread.shared, t_.halves_pitch, by});
      else
        reduce_.along({from, to, g.count, g.inner, w.stride, w.kernel, w.dilation, true, some,
                       pitch, result_pitch, by, thread.shared, t_.shared_bytes / 2});
    }
    if (p_.pool == Pool::norm)
      take_root(reinterpret_cast<double*>(result), rows * g.count * g.inner, p_.norm);
    if (!t_.as_made) store(g, dst, rows, thread);
  }

  // Likewise of windows of 2 x 2 side by side, plane by plane.
  void run_squares(const Group& g, std::int64_t first, std::int64_t rows, Thread& thread) const {
    const std::int64_t out = p_.axis[1].out;
    const std::byte* const divisor = p_.pool == Pool::average
                                         ? divisors_of(g, rows_counted(g, first), thread).divisors
                                         : nullptr;
    for (std::int64_t end = first + rows, some; first < end; first += some) {
      const std::int64_t plane = first / out, row = first % out;
      some = source_.view.channel == 2 * out * steps_[1] ? end - first
                                                         : std::min(out - row, end - first);
      const std::byte* const src = g.src + plane * source_.view.channel + 2 * row * steps_[1] +
                                   g.first * steps_[2] +
                                   g.od * p_.axis[0].window.stride * steps_[0];
      reduce_.squares({src, steps_[1], 2 * steps_[1], g.dst + first * t_.row_step, t_.row_step,
                       some, g.count, divisor});
    }
  }

  // Windows down the columns of rows of results.
  void go_down(const Group& g, std::int64_t first, std::int64_t rows, Thread& thread) const {
    const PoolAxis& h = p_.axis[1];
    std::byte* const dst = down_of(g, thread) + (g.first - g.column) * g.inner * t_.size;
    const std::int64_t columns = (g.last - g.first) * g.inner;
    const Taps* const depth = depth_ + g.od;
    Down down{g.src + g.first * steps_[2],
              source_.view.channel,
              steps_[0],
              steps_[1],
              depth,
              height_,
              t_.slices,
              h.out,
              first,
              rows,
              columns,
              dst,
              t_.pitch,
              thread.nothing};
    // Those that are loaded: the rows of the slices one after the other.
    const Taps loaded{0, depth->count, 1};
    if (!g.in_place) {
      const std::int64_t top = input_index(h.window, first, 0);
      const std::int64_t bottom = input_index(h.window, first + rows - 1, h.window.kernel - 1) + 1;
      down.depth = &loaded;
      down.slice_step = (bottom - top) * t_.loaded_pitch;
      down.row_step = t_.loaded_pitch;
      down.src = thread.loaded - top * t_.loaded_pitch;
      for (std::int64_t i = 0; i < depth->count; ++i)
        for (std::int64_t ih = std::max<std::int64_t>(top, 0); ih < std::min(bottom, h.in); ++ih)
          load(g, depth->first + i * depth->step, ih,
               thread.loaded + i * down.slice_step + (ih - top) * t_.loaded_pitch);
    }
    if (!t_.slides) return reduce_.down(down);

    const std::int64_t height = h.window.kernel, top = input_index(h.window, first, 0);
    const std::byte* const slice = down.src + down.depth->first * down.slice_step;
    for (std::int64_t q = 0; q < rows + height - 1; ++q) {
      const bool inside = top + q >= 0 && top + q < h.in;
      thread.table[q] = inside ? slice + (top + q) * down.row_step : thread.nothing;
    }
    reduce_.slide({thread.table, height, rows, columns, dst, t_.pitch, thread.shared});
  }

  // The columns of a group with their border, of one row of the input.
  void load(const Group& g, std::int64_t id, std::int64_t ih, std::byte* row) const {
    const std::int64_t in = p_.axis[2].in, position = g.inner * t_.size;
    const std::int64_t before = std::clamp<std::int64_t>(-g.column, 0, g.columns);
    const std::int64_t end = std::clamp<std::int64_t>(in - g.column, before, g.columns);
    const std::byte* const src = g.src + id * steps_[0] + ih * steps_[1];
    source_.load(src + (g.column + before) * steps_[2], end - before, g.channels,
                 row + before * position);
    source_.fill(row, before * g.inner);
    source_.fill(row + end * position, (g.columns - end) * g.inner);
  }

  // Rows of the input that means of a row of results count.
  double rows_counted(const Group& g, std::int64_t row) const {
    const std::int64_t oh = row % p_.axis[1].out, od = g.od + row / p_.axis[1].out % t_.slices;
    return static_cast<double>(counted(p_, p_.axis[0], od)) *
           static_cast<double>(counted(p_, p_.axis[1], oh));
  }

  // What means of windows are divided by that count so many rows.
  Divisors divisors_of(const Group& g, double rows, Thread& thread) const {
    int slot = 0;
    while (slot < BandTiling::kDivisors && thread.divided_rows[slot] != rows) ++slot;
    if (slot == BandTiling::kDivisors) {
      slot = thread.oldest++ % BandTiling::kDivisors;
      thread.divided_rows[slot] = rows;
      if (t_.type == Type::float64)
        fill_divisors<double>(g, rows, thread.divisors[slot], thread);
      else
        fill_divisors<float>(g, rows, thread.divisors[slot], thread);
    }
    const std::byte* const row = thread.divisors[slot];
    return {row, row + t_.divisors_bytes / 2, thread.alike};
  }

  template <class T>
  void fill_divisors(const Group& g, double rows, std::byte* to, Thread& thread) const {
    auto* divisors = reinterpret_cast<T*>(to);
    auto* inverses = reinterpret_cast<T*>(to + t_.divisors_bytes / 2);
    // Calls each(i, some, divisor) for results that have one in common: windows that see no border
    // count as many columns as the first of them.
    const auto each_divisor = [&](auto each) {
      for (std::int64_t i = 0, some; i < g.count; i += some) {
        const std::int64_t o = g.begin + i;
        some = o >= whole_.begin && o < whole_.end ? std::min(whole_.end - o, g.count - i) : 1;
        const double elements = rows * static_cast<double>(counted(p_, p_.axis[2], o));
        each(i, some, static_cast<T>(p_.divisor ? static_cast<double>(p_.divisor) : elements));
      }
    };
    thread.alike = true;
    each_divisor([&](std::int64_t i, std::int64_t, T divisor) {
      if (i == 0) divisors[0] = divisor, inverses[0] = 1 / divisor;
      thread.alike &= divisor == divisors[0];
    });
    if (thread.alike) return;
    each_divisor([&](std::int64_t i, std::int64_t some, T divisor) {
      std::fill_n(divisors + i * g.inner, some * g.inner, divisor);
      std::fill_n(inverses + i * g.inner, some * g.inner, 1 / divisor);
    });
  }

  void store(const Group& g, std::byte* dst, std::int64_t rows, Thread& thread) const {
    const std::int64_t size = size_of(p_.dst_type), bytes = g.inner * t_.size;
    const bool as_they_are = p_.dst_type == t_.type || parts_of(p_) == 2;
    const auto cast = rows::kernels().store[sum_index(t_.type)][static_cast<int>(p_.dst_type)];
    const std::byte* from = thread.result;
    for (std::int64_t r = 0; r < rows; ++r, from += g.count * bytes, dst += t_.row_step) {
      if (!as_they_are && p_.channels_last)
        cast(from, g.inner, {dst, dst_.spatial[2], size, g.count, g.channels});
      else if (!as_they_are)
        cast(from, g.count, {dst, 0, dst_.spatial[2], 1, g.count});
      else
        for (std::int64_t i = 0; i < g.count; ++i)
          std::memcpy(dst + i * dst_.spatial[2], from + i * bytes, static_cast<std::size_t>(bytes));
    }
  }

  const PoolProblem& p_;
  const Source source_;
  const std::int64_t* const steps_;  // of the input, in bytes
  const View& dst_;
  const BandTiling& t_;
  const Reduction& reduce_;
  const Taps *const depth_, *const height_;  // of each slice of results, of each row of one
  bool rows_alike_ = true;  // means of all rows of results count as many rows of the input
  Range whole_;             // results whose windows see no border at their sides
};

inline void run_bands(const PoolProblem& p, const View& src, const View& dst, int threads,
                      Stop& stop) {
  const BandTiling t = tiling_of(p, src, dst);
  const std::int64_t taps = p.axis[0].out + p.axis[1].out, each = t.bytes_per_thread();
  const Workspace workspace(each * threads + taps * std::int64_t{sizeof(Taps)});
  const Bands bands(p, src, dst, t, reinterpret_cast<Taps*>(workspace.data() + each * threads));
  std::vector<Bands::Thread> scratch;
  for (int i = 0; i < threads; ++i) scratch.emplace_back(t, workspace.data() + i * each);
  parallel_for(bands.items(), threads, stop, [&](std::int64_t item, int worker) {
    bands.item(item, worker, scratch[static_cast<std::size_t>(worker)], stop);
  });
}

}  // namespace cconv::pooling
