// What comes into a pool: rows of the input under a piece of the output, as the working type, and
// all of them reduced to one, element by element.
#pragma once

#include <algorithm>

#include "algorithms/pooling/kernel.h"
#include "algorithms/pooling/source.h"
#include "algorithms/pooling/tiling.h"
#include "runtime/parallel.h"

namespace cconv::pooling {

// A thread's scratch, and its way to learn that it should stop.
struct Thread {
  std::byte *row, *block, *loaded, *result, *part;
  std::int64_t *indices, *part_indices;
  Taps *windows, *taps;
  std::byte* factors;
  int worker;
  Stop& stop;
  // What the windows, their taps in a block of the row, and the divisors are for: most rows have
  // those of the row before.
  mutable std::int64_t windows_begin = -1, taps_begin = -1, taps_block = -1;
  mutable std::int64_t divided_begin = -1;
  mutable double divided_rows = 0;
  mutable bool inverses = false;  // of divisors, which are powers of two

  Thread(const Tiling& t, std::byte* at, int worker, Stop& stop) : worker(worker), stop(stop) {
    row = take(at, t.row_bytes);
    block = take(at, t.row_bytes);
    loaded = take(at, t.loaded_bytes);
    result = take(at, t.result_bytes);
    part = take(at, t.part_bytes);
    indices = reinterpret_cast<std::int64_t*>(take(at, t.indices_bytes));
    part_indices = reinterpret_cast<std::int64_t*>(take(at, t.indices_bytes));
    windows = reinterpret_cast<Taps*>(take(at, t.taps_bytes));
    taps = reinterpret_cast<Taps*>(take(at, t.taps_bytes));
    factors = take(at, t.factors_bytes);
  }
  bool stopped() const {
    if (worker == 0) stop.poll_when_due();
    return stop.requested();
  }
};

// Output positions [begin, begin + count) of a row, and what lies under them.
struct Piece {
  const std::byte* src;   // the plane, or the block of channels
  std::byte* dst;         // its first result
  std::byte* result;      // where that is made: dst itself or scratch
  std::int64_t* indices;  // likewise, of maxima that are searched
  std::int64_t begin, count;
  std::int64_t channels, inner;  // of a position: elements of src, of the working type
  Taps depth, height;            // rows of the input

  std::int64_t rows() const { return depth.count * height.count; }
  std::int64_t d(std::int64_t row) const { return depth.first + row / height.count * depth.step; }
  std::int64_t h(std::int64_t row) const { return height.first + row % height.count * height.step; }
};

// Pointers that it gives out are good until the thread asks again.
class Input {
 public:
  Input(const PoolProblem& p, const View& src, const Tiling& t)
      : p_(p), source_(p, src), steps_(src.spatial), t_(t), reduce_(reduction_of(p, t.type)) {
    const std::int64_t position = t.inner * t.size;
    constexpr std::int64_t kShortRun = 32;  // bytes; shorter ones are gathered
    const bool ready = source_.is_ready();
    dense_ = ready && t.channel_blocks == 1 && steps_[2] == position;
    in_place_ = dense_ || (ready && position >= kShortRun);
  }

  const std::byte* plane(std::int64_t n, std::int64_t c) const { return source_.plane(n, c); }

  void fill(std::byte* dst, std::int64_t count) const { source_.fill(dst, count); }

  // A row of the piece from a column on, `count` of them, row_pitch() apart; `place` of kLoadedRows
  // for those that are asked for together.
  const std::byte* row(const Piece& piece, std::int64_t row, std::int64_t column,
                       std::int64_t count, const Thread& thread, std::int64_t place) const {
    const std::byte* const src = row_of(piece, row) + column * steps_[2];
    if (in_place_) return src;
    std::byte* const loaded = thread.loaded + place * (t_.loaded_bytes / kLoadedRows);
    source_.load(src, count, piece.channels, loaded);
    return loaded;
  }

  // Whether rows are read where they lie.
  bool in_place() const { return in_place_; }

  std::int64_t row_pitch(const Piece& piece) const {
    return in_place_ ? steps_[2] : piece.inner * t_.size;
  }

  // The columns [column, column + count) of the padded input, all rows of the piece reduced to one:
  // in place, or else in scratch.
  const std::byte* reduced(const Piece& piece, std::int64_t column, std::int64_t count,
                           const Thread& thread) const {
    const std::int64_t position = piece.inner * t_.size;
    const std::int64_t begin = std::clamp<std::int64_t>(column, 0, p_.axis[2].in);
    const std::int64_t end = std::clamp<std::int64_t>(column + count, begin, p_.axis[2].in);
    const std::int64_t rows = piece.rows();
    if (rows == 1 && dense_ && end - begin == count) return row_of(piece, 0) + begin * steps_[2];

    const bool empty = rows == 0 || begin == end;
    const std::int64_t before = empty ? count : begin - column;
    fill(thread.row, before * piece.inner);
    if (empty) return thread.row;
    std::byte* const inside = thread.row + before * position;
    for (std::int64_t r = 0; r < rows && !(r > 0 && thread.stopped()); r += kTapsPerBlock) {
      const std::int64_t last = std::min(r + kTapsPerBlock, rows);
      reduce_rows(piece, r, last, begin, end - begin, r == 0 ? inside : thread.block, thread);
      const std::byte* const block = thread.block;
      if (r > 0) reduce_.rows({&block, 1, 1, (end - begin) * piece.inner, 0, inside, false});
    }
    fill(inside + (end - begin) * position, (column + count - end) * piece.inner);
    return thread.row;
  }

 private:
  const std::byte* row_of(const Piece& piece, std::int64_t row) const {
    return piece.src + piece.d(row) * steps_[0] + piece.h(row) * steps_[1];
  }

  // Rows [begin, end) of the input at the columns [column, column + count), reduced to dst.
  void reduce_rows(const Piece& piece, std::int64_t begin, std::int64_t end, std::int64_t column,
                   std::int64_t count, std::byte* dst, const Thread& thread) const {
    constexpr std::int64_t kMost = std::max(kLoadedRows, std::int64_t{32});
    const std::byte* src[kMost];
    const std::int64_t together = in_place_ ? kMost : kLoadedRows;
    const bool one_run = dense_ || !in_place_;
    for (std::int64_t r = begin; r < end; r += together) {
      const std::int64_t rows = std::min(together, end - r);
      for (std::int64_t i = 0; i < rows; ++i) src[i] = row(piece, r + i, column, count, thread, i);
      if (one_run)
        reduce_.rows({src, rows, 1, count * piece.inner, 0, dst, r == begin});
      else
        reduce_.rows({src, rows, count, piece.inner, steps_[2], dst, r == begin});
    }
  }

  const PoolProblem& p_;
  const Source source_;
  const std::int64_t* const steps_;
  const Tiling& t_;
  const Reduction& reduce_;
  bool dense_;     // positions follow one another in src, as the working type
  bool in_place_;  // rows of src are read where they lie
};

}  // namespace cconv::pooling
