// Pools, a row of the output at a time.  The rows of input under it are reduced to one (input.h);
// then windows along that row give the results.  Where maxima are is searched in some rows at a
// time.  Windows of many channels are reduced whole.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "algorithms/pooling/input.h"
#include "algorithms/pooling/kernel.h"
#include "algorithms/pooling/norm.h"
#include "algorithms/pooling/tiling.h"
#include "algorithms/rows/kernel.h"

namespace cconv::pooling {

// Those of the taps that lie in [begin, end), counted from begin.
inline Taps between(const Taps& taps, std::int64_t begin, std::int64_t end) {
  const std::int64_t skipped = taps.first >= begin ? 0 : (begin - taps.first - 1) / taps.step + 1;
  const std::int64_t first = taps.first + skipped * taps.step;
  if (skipped >= taps.count || first >= end) return {};
  return {first - begin, std::min(taps.count - skipped, (end - 1 - first) / taps.step + 1),
          taps.step};
}

// Whether a divisor's inverse is exact: a power of two, no matter which sign.
inline bool has_inverse(double divisor) {
  int exponent;
  constexpr int kFar = 100;
  return std::abs(std::frexp(divisor, &exponent)) == 0.5 && exponent < kFar;
}

// Whether whole windows cost less than rows that are reduced first: positions read and written for
// each result, channels being last.
constexpr std::int64_t kRowsAtOnce = 16;
inline bool takes_at_once(const PoolProblem& p) {
  const PoolAxis &d = p.axis[0], &h = p.axis[1], &w = p.axis[2];
  if (!p.channels_last || p.wants_indices || w.shared) return false;
  const std::int64_t rows = saturating_multiply(widest_window(d), widest_window(h));
  const std::int64_t taps = widest_window(w), apart = std::min(w.window.stride, taps);
  if (rows > kRowsAtOnce || taps > kTapsPerBlock) return false;
  return rows * taps <= (rows + 3) * apart + taps;
}

class Run {
 public:
  Run(const PoolProblem& p, const View& src, const View& dst, std::int64_t* indices,
      const Tiling& t, std::byte* workspace)
      : p_(p),
        input_(p, src, t),
        dst_(dst),
        indices_(indices),
        t_(t),
        reduce_(reduction_of(p, t.type)),
        workspace_(workspace),
        parts_(parts_of(p)),
        at_once_(input_.in_place() && takes_at_once(p)) {
    const PoolAxis& axis = p.axis[2];
    const Window& w = axis.window;
    if (!axis.shared)
      whole_ = {positions_inside(w, 0, axis.in, axis.out).begin,
                positions_inside(w, w.kernel - 1, axis.in, axis.out).end};
  }

  void item(std::int64_t index, int worker, Stop& stop) const {
    const Thread thread(t_, workspace_ + worker * t_.bytes_per_thread(), worker, stop);
    const std::int64_t begin = index * t_.per_item;
    pieces(begin, std::min(begin + t_.per_item, t_.rows * t_.pieces), thread);
  }

  // Of one thread, whose workspace it is.
  void all_items(int worker, Stop& stop) const {
    pieces(0, t_.rows * t_.pieces, Thread(t_, workspace_, worker, stop));
  }

 private:
  struct Position {
    std::int64_t n, c, od, oh, ow, count;  // c: the first channel; count: of results along the row
  };

  void pieces(std::int64_t begin, std::int64_t end, const Thread& thread) const {
    for (std::int64_t i = begin; i < end; ++i) {
      const Position at = position_of(i);
      const Piece piece = piece_at(at, thread);
      if (indices_ != nullptr)
        search(piece, thread);
      else if (is_at_once(piece))
        reduce_at_once(piece, at, thread);
      else if (p_.axis[2].shared)
        reduce_shares(piece, thread);
      else
        reduce_windows(piece, thread);
      if (thread.stop.requested()) return;
      finish(piece, at, thread);
    }
  }

  void finish(const Piece& piece, const Position& at, const Thread& thread) const {
    if (p_.pool == Pool::average && !is_at_once(piece)) divide(piece, at, thread);
    if (p_.pool == Pool::norm)
      take_root(reinterpret_cast<double*>(piece.result), piece.count * piece.inner, p_.norm);
    store(piece, thread);
  }

  Position position_of(std::int64_t index) const {
    const auto next = [&index](std::int64_t extent) {
      const std::int64_t i = index % extent;
      index /= extent;
      return i;
    };
    Position at;
    const Range piece = piece_of(p_.axis[2].out, next(t_.pieces), t_.pieces);
    at.ow = piece.begin;
    at.count = piece.end - piece.begin;
    if (p_.channels_last) {
      at.c = next(t_.channel_blocks) * (t_.inner / parts_);
      at.oh = next(p_.axis[1].out);
      at.od = next(p_.axis[0].out);
    } else {
      at.oh = next(p_.axis[1].out);
      at.od = next(p_.axis[0].out);
      at.c = next(p_.C);
    }
    at.n = index;
    return at;
  }

  Piece piece_at(const Position& at, const Thread& thread) const {
    Piece piece;
    piece.src = input_.plane(at.n, at.c);
    piece.dst = dst_.data + dst_.batch->offset(at.n) + at.c * dst_.channel +
                at.od * dst_.spatial[0] + at.oh * dst_.spatial[1] + at.ow * dst_.spatial[2];
    piece.begin = at.ow;
    piece.count = at.count;
    piece.channels = p_.channels_last ? std::min(t_.inner / parts_, p_.C - at.c) : 1;
    piece.inner = piece.channels * parts_;
    piece.depth = p_.axis[0].taps(at.od);
    piece.height = p_.axis[1].taps(at.oh);
    piece.result = stored_as_made() ? piece.dst : thread.result;
    const bool dense = dst_.spatial[2] == piece.inner * size_of(p_.dst_type);
    piece.indices = indices_ != nullptr && dense ? indices_ + first_of(piece) : thread.indices;
    return piece;
  }

  // The place of a piece's first result among all.
  std::int64_t first_of(const Piece& piece) const {
    return (piece.dst - dst_.data) / size_of(p_.dst_type);
  }

  // Roots want aligned numbers, which out's need not be.
  bool stored_as_made() const {
    const bool same = (p_.dst_type == t_.type && p_.pool != Pool::norm) || parts_ == 2;
    return same && dst_.spatial[2] == t_.inner * t_.size;
  }

  // The taps [begin, end) that read inside the axis somewhere in the piece, from the beginning of a
  // block of theirs.
  std::pair<std::int64_t, std::int64_t> taps_inside_of(const Piece& piece) const {
    const PoolAxis& axis = p_.axis[2];
    const Window& w = axis.window;
    const std::int64_t last = -input_index(w, piece.begin + piece.count - 1, 0);
    const std::int64_t first = axis.in - input_index(w, piece.begin, 0);
    const auto steps = [&](std::int64_t n) { return n <= 0 ? 0 : (n - 1) / w.dilation + 1; };
    const std::int64_t begin = std::min(steps(last), w.kernel);
    return {begin - begin % kTapsPerBlock, std::min(steps(first), w.kernel)};
  }

  // Windows of one size, a block of taps after the other.
  void reduce_windows(const Piece& piece, const Thread& thread) const {
    const auto [begin, end] = taps_inside_of(piece);
    if (begin >= end) input_.fill(piece.result, piece.count * piece.inner);
    for (std::int64_t t = begin; t < end && !(t > begin && thread.stopped()); t += kTapsPerBlock) {
      const std::int64_t last = std::min(t + kTapsPerBlock, end);
      reduce_taps(piece, t, last, t == begin ? piece.result : thread.part, thread);
      const std::byte* const part = thread.part;
      if (t > begin) reduce_.rows({&part, 1, 1, piece.count * piece.inner, 0, piece.result, false});
    }
  }

  // The taps [begin, end) of windows of one size, as many at a time as fit the scratch.
  void reduce_taps(const Piece& piece, std::int64_t begin, std::int64_t end, std::byte* dst,
                   const Thread& thread) const {
    const Window& w = p_.axis[2].window;
    for (std::int64_t t = begin; t < end; t += t_.taps) {
      const std::int64_t taps = std::min(t_.taps, end - t);
      const std::int64_t columns = (piece.count - 1) * w.stride + (taps - 1) * w.dilation + 1;
      const std::byte* const row =
          input_.reduced(piece, input_index(w, piece.begin, t), columns, thread);
      reduce_.along({row, dst, piece.count, piece.inner, w.stride, taps, w.dilation, t == begin});
    }
  }

  bool is_at_once(const Piece& piece) const {
    return at_once_ && piece.inner * t_.size >= kWindowBytes;
  }

  // Windows of one size, each of them at once: those that see a border one by one.
  void reduce_at_once(const Piece& piece, const Position& at, const Thread& thread) const {
    if (p_.pool == Pool::average) set_factors(piece, at, thread);
    const std::byte* src[kRowsAtOnce];
    const std::int64_t rows = piece.rows(), pitch = input_.row_pitch(piece);
    const auto reduce = [&](std::int64_t begin, std::int64_t count) {
      const Taps taps = p_.axis[2].taps(piece.begin + begin);
      for (std::int64_t r = 0; r < rows; ++r)
        src[r] = input_.row(piece, r, taps.first, 0, thread, r);
      Windows all{src,
                  rows,
                  count,
                  piece.inner,
                  pitch,
                  p_.axis[2].window.stride,
                  taps.count,
                  taps.step,
                  piece.result + begin * piece.inner * t_.size,
                  thread.factors + begin * t_.size};
      if (rows == 0 || taps.count == 0) {  // nothing is there
        input_.fill(thread.row, piece.inner);
        src[0] = thread.row;
        all.rows = all.taps = 1;
      }
      reduce_.windows(all);
    };
    const Range whole = whole_of(piece);
    for (std::int64_t i = 0; i < whole.begin; ++i) reduce(i, 1);
    if (whole.begin < whole.end) reduce(whole.begin, whole.end - whole.begin);
    for (std::int64_t i = whole.end; i < piece.count; ++i) reduce(i, 1);
  }

  // Windows that share the row, as many at a time as fit the scratch.
  void reduce_shares(const Piece& piece, const Thread& thread) const {
    const PoolAxis& axis = p_.axis[2];
    const std::int64_t position = piece.inner * t_.size;
    const std::int64_t last = piece.begin + piece.count;
    for (std::int64_t o = piece.begin, next; o < last && !thread.stopped(); o = next) {
      const std::int64_t column = axis.taps(o).first;
      const auto columns_until = [&](std::int64_t i) {
        const Taps taps = axis.taps(i);
        return taps.first + taps.count - column;
      };
      next = o + 1;
      while (next < last && columns_until(next) <= t_.columns) ++next;
      const std::int64_t columns = columns_until(next - 1);
      if (columns > t_.columns) {
        reduce_share(piece, o, thread);
        continue;
      }
      const std::byte* const row = input_.reduced(piece, column, columns, thread);
      for (std::int64_t i = o; i < next; ++i) {
        const Taps taps = axis.taps(i);
        const std::byte* const src = row + (taps.first - column) * position;
        std::byte* const to = piece.result + (i - piece.begin) * position;
        for (std::int64_t t = 0; t < taps.count; t += t_.taps)
          reduce_.along({src + t * position, to, 1, piece.inner, 1,
                         std::min(t_.taps, taps.count - t), 1, t == 0});
      }
    }
  }

  // One window wider than the scratch.
  void reduce_share(const Piece& piece, std::int64_t o, const Thread& thread) const {
    const Taps taps = p_.axis[2].taps(o);
    std::byte* const to = piece.result + (o - piece.begin) * piece.inner * t_.size;
    for (std::int64_t t = 0; t < taps.count && !thread.stopped(); t += t_.taps) {
      const std::int64_t count = std::min(t_.taps, taps.count - t);
      const std::byte* const row = input_.reduced(piece, taps.first + t, count, thread);
      reduce_.along({row, to, 1, piece.inner, 1, count, 1, t == 0});
    }
  }

  // Maxima and their indices.
  void search(const Piece& piece, const Thread& thread) const {
    if (thread.windows_begin != piece.begin)
      for (std::int64_t i = 0; i < piece.count; ++i)
        thread.windows[i] = p_.axis[2].taps(piece.begin + i);
    thread.windows_begin = piece.begin;
    const bool once = is_one_block(piece);
    const std::int64_t elements = piece.count * piece.inner;
    // The first element of a window wins where all of them are the least value there is.
    if (!once) {
      input_.fill(piece.result, elements);
      for (std::int64_t i = 0; i < piece.count; ++i)
        std::fill_n(piece.indices + i * piece.inner, piece.inner,
                    index_of(piece, 0) + thread.windows[i].first);
    }
    for (std::int64_t r = 0, rows; r < piece.rows() && !thread.stopped(); r += rows) {
      rows = once ? std::min(piece.rows() - r, kLoadedRows) : 1;
      const std::int64_t farthest = index_of(piece, r + rows - 1) - index_of(piece, r) + t_.columns;
      if (farthest > kFarthest) rows = 1;
      const Rows part{r, rows, once && r == 0};
      if (!part.alone) input_.fill(thread.part, elements);
      if (p_.axis[2].shared)
        search_shares(piece, part, thread);
      else
        search_windows(piece, part, thread);
    }
  }

  // Rows of a piece that are searched together.
  struct Rows {
    std::int64_t begin, count;
    bool alone;  // nothing was searched before, and every window holds something of them
  };

  // Whether all columns under a piece are searched together.
  bool is_one_block(const Piece& piece) const {
    const PoolAxis& axis = p_.axis[2];
    if (!axis.shared) {
      const auto [begin, end] = taps_inside_of(piece);
      return end - begin <= t_.taps;
    }
    const Taps last = axis.taps(piece.begin + piece.count - 1);
    return last.first + last.count - axis.taps(piece.begin).first <= t_.columns;
  }

  void search_windows(const Piece& piece, const Rows& rows, const Thread& thread) const {
    const PoolAxis& axis = p_.axis[2];
    const auto [begin, end] = taps_inside_of(piece);
    for (std::int64_t t = begin; t < end && !thread.stopped(); t += t_.taps) {
      Window w = axis.window;  // that of the block
      w.kernel = std::min(t_.taps, end - t);
      w.before -= t * w.dilation;
      const std::int64_t first = input_index(w, piece.begin, 0);
      const std::int64_t last = input_index(w, piece.begin + piece.count - 1, w.kernel - 1);
      search_columns(piece, rows, std::clamp<std::int64_t>(first, 0, axis.in),
                     std::clamp<std::int64_t>(last + 1, 0, axis.in), thread, t,
                     [&](std::int64_t i) { return taps_inside(w, piece.begin + i, axis.in); });
    }
  }

  void search_shares(const Piece& piece, const Rows& rows, const Thread& thread) const {
    const PoolAxis& axis = p_.axis[2];
    const Taps last = axis.taps(piece.begin + piece.count - 1);
    const std::int64_t end = last.first + last.count;
    for (std::int64_t column = axis.taps(piece.begin).first; column < end && !thread.stopped();
         column += t_.columns)
      search_columns(piece, rows, column, std::min(column + t_.columns, end), thread, column,
                     [&](std::int64_t i) { return thread.windows[i]; });
  }

  // Of the first element of a row of the input, in its plane.
  std::int64_t index_of(const Piece& piece, std::int64_t row) const {
    return (piece.d(row) * p_.axis[1].in + piece.h(row)) * p_.axis[2].in;
  }

  // Of the taps that taps_of(i) gives for result i of the piece those at the columns [begin, end),
  // which are block `block` of the row: every row has the same.
  template <class TapsOf>
  void search_columns(const Piece& piece, const Rows& rows, std::int64_t begin, std::int64_t end,
                      const Thread& thread, std::int64_t block, TapsOf taps_of) const {
    if (begin >= end) return;
    const std::byte* src[kLoadedRows];
    std::int64_t index[kLoadedRows];
    for (std::int64_t i = 0; i < rows.count; ++i) {
      src[i] = input_.row(piece, rows.begin + i, begin, end - begin, thread, i);
      index[i] = index_of(piece, rows.begin + i) + begin;
    }
    if (thread.taps_begin != piece.begin || thread.taps_block != block)
      for (std::int64_t i = 0; i < piece.count; ++i)
        thread.taps[i] = between(taps_of(i), begin, end);
    thread.taps_begin = piece.begin;
    thread.taps_block = block;
    const int type = static_cast<int>(t_.type);
    const bool order = is_signed(t_.type);
    std::byte* const values = rows.alone ? piece.result : thread.part;
    std::int64_t* const indices = rows.alone ? piece.indices : thread.part_indices;
    kernels().search[type]({src, input_.row_pitch(piece), index, rows.count, thread.taps,
                            piece.count, piece.inner, values, indices, order});
    if (!rows.alone)
      kernels().keep_larger[type](
          {piece.result, piece.indices, values, indices, piece.count * piece.inner, order});
  }

  // What the results of a piece are divided by: the divisors, or where all of these have exact
  // inverses, which are faster, and results are still to be divided, the inverses.
  template <class T>
  void set_factors(const Piece& piece, const Position& at, const Thread& thread) const {
    const double rows = static_cast<double>(counted(p_, p_.axis[0], at.od)) *
                        static_cast<double>(counted(p_, p_.axis[1], at.oh));
    if (thread.divided_begin == piece.begin && thread.divided_rows == rows) return;
    thread.divided_begin = piece.begin;
    thread.divided_rows = rows;
    auto* const factors = reinterpret_cast<T*>(thread.factors);
    const Range whole = whole_of(piece);  // all alike: the first one's factor is theirs
    const auto each_factor = [&](const auto& f) {
      for (std::int64_t i = 0; i < piece.count;
           i = i == whole.begin ? std::max(whole.end, i + 1) : i + 1)
        f(i);
    };
    thread.inverses = !is_at_once(piece);
    each_factor([&](std::int64_t i) {
      const auto elements = static_cast<double>(counted(p_, p_.axis[2], piece.begin + i));
      const double divisor = p_.divisor != 0 ? static_cast<double>(p_.divisor) : rows * elements;
      factors[i] = static_cast<T>(divisor);
      thread.inverses &= has_inverse(divisor);
    });
    if (thread.inverses) each_factor([&](std::int64_t i) { factors[i] = 1 / factors[i]; });
  }
  void set_factors(const Piece& piece, const Position& at, const Thread& thread) const {
    if (t_.type == Type::float64)
      set_factors<double>(piece, at, thread);
    else
      set_factors<float>(piece, at, thread);
  }

  template <class T>
  void divide(const Piece& piece, const Thread& thread, Scale<T> quotient, Scale<T> product) const {
    const Range whole = whole_of(piece);
    const auto* const factors = reinterpret_cast<const T*>(thread.factors);
    const auto scale = thread.inverses ? product : quotient;
    const auto scale_some = [&](std::int64_t begin, std::int64_t end, bool alike) {
      const std::int64_t count = end - begin;
      if (count > 0)
        scale(piece.result + begin * piece.inner * t_.size, factors + begin, alike ? 1 : count,
              alike ? count * piece.inner : piece.inner);
    };
    scale_some(0, whole.begin, false);
    scale_some(whole.begin, whole.end, true);
    scale_some(whole.end, piece.count, false);
  }

  // The results of a piece whose windows see no border.
  Range whole_of(const Piece& piece) const {
    const std::int64_t begin = std::clamp<std::int64_t>(whole_.begin - piece.begin, 0, piece.count);
    return {begin, std::clamp<std::int64_t>(whole_.end - piece.begin, begin, piece.count)};
  }

  void divide(const Piece& piece, const Position& at, const Thread& thread) const {
    const Kernels& k = kernels();
    set_factors(piece, at, thread);
    if (t_.type == Type::float64)
      divide(piece, thread, k.divide_float64, k.multiply_float64);
    else
      divide(piece, thread, k.divide_float32, k.multiply_float32);
  }

  void store(const Piece& piece, const Thread& thread) const {
    const std::int64_t size = size_of(p_.dst_type);
    if (piece.indices == thread.indices && indices_ != nullptr) {
      for (std::int64_t i = 0; i < piece.count; ++i)
        std::copy_n(thread.indices + i * piece.inner, piece.inner,
                    indices_ + first_of(piece) + i * (dst_.spatial[2] / size));
    }
    if (piece.result == piece.dst) return;
    if (p_.dst_type == t_.type || parts_ == 2) {
      const std::int64_t bytes = piece.inner * t_.size;
      for (std::int64_t i = 0; i < piece.count; ++i)
        std::memcpy(piece.dst + i * dst_.spatial[2], piece.result + i * bytes,
                    static_cast<std::size_t>(bytes));
      return;
    }
    const auto store = rows::kernels().store[sum_index(t_.type)][static_cast<int>(p_.dst_type)];
    if (p_.channels_last)
      store(piece.result, piece.inner,
            {piece.dst, dst_.spatial[2], size, piece.count, piece.channels});
    else
      store(piece.result, piece.count, {piece.dst, 0, dst_.spatial[2], 1, piece.count});
  }

  const PoolProblem& p_;
  const Input input_;
  const View& dst_;
  std::int64_t* const indices_;
  const Tiling& t_;
  const Reduction& reduce_;
  std::byte* const workspace_;
  const std::int64_t parts_;  // of an element of src, of the working type
  const bool at_once_;
  Range whole_{0, 0};  // positions along a row whose windows see no border
};

}  // namespace cconv::pooling
