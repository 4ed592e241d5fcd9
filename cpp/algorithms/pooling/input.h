// What comes into a pool: rows of the input under a piece of the output, as the working type, and
// all of them reduced to one, element by element.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "algorithms/pooling/kernel.h"
#include "algorithms/pooling/norm.h"
#include "algorithms/pooling/tiling.h"
#include "algorithms/rows/kernel.h"
#include "runtime/parallel.h"

namespace cconv::pooling {

// What changes nothing, as the bits of an element: the least value of a maximum, the largest of a
// minimum, 0 of a sum.
inline std::uint64_t neutral_of(Pool pool, Type type) {
  if (!is_extreme(pool)) return 0;
  const bool largest = pool == Pool::minimum;
  const std::uint64_t sign = std::uint64_t{1} << (8 * size_of(type) - 1);
  switch (type) {
    case Type::float32:
      return 0x7f80'0000 | (largest ? 0 : sign);  // infinity
    case Type::float64:
      return 0x7ff0'0000'0000'0000 | (largest ? 0 : sign);
    case Type::int8:
    case Type::int16:
    case Type::int32:
    case Type::int64:
      return largest ? sign - 1 : sign;
    case Type::boolean:
      return largest;
    default:
      return largest ? sign - 1 + sign : 0;
  }
}

// A thread's scratch, and its way to learn that it should stop.
struct Thread {
  std::byte *row, *block, *loaded, *result, *part;
  std::int64_t* indices;
  Taps *windows, *taps;
  std::byte *factors, *band, *down, *shared;
  const std::byte** table;
  int worker;
  Stop& stop;
  // What the windows, their taps in a block of the row, and the divisors are for: most rows have
  // those of the row before.
  mutable std::int64_t windows_begin = -1, taps_begin = -1, taps_block = -1;
  mutable std::int64_t divided_begin = -1;
  mutable double divided_rows = 0;
  mutable bool inverses = false;  // of divisors, which are powers of two

  Thread(const Tiling& t, std::byte* at, int worker, Stop& stop) : worker(worker), stop(stop) {
    const auto take = [&at](std::int64_t bytes) {
      std::byte* const begin = at;
      at += bytes;
      return begin;
    };
    row = take(t.row_bytes);
    block = take(t.row_bytes);
    loaded = take(t.loaded_bytes);
    result = take(t.result_bytes);
    part = take(t.part_bytes);
    indices = reinterpret_cast<std::int64_t*>(take(t.indices_bytes));
    windows = reinterpret_cast<Taps*>(take(t.taps_bytes));
    taps = reinterpret_cast<Taps*>(take(t.taps_bytes));
    factors = take(t.factors_bytes);
    band = take(t.band_bytes);
    down = take(t.down_bytes);
    shared = take(t.shared_bytes);
    table = reinterpret_cast<const std::byte**>(take(t.table_bytes));
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
      : p_(p),
        src_(src),
        t_(t),
        reduce_(reduction_of(p, t.type)),
        neutral_(neutral_of(p.pool, t.type)),
        converts_(converts(p)) {
    const bool side_by_side = !p.channels_last || src.channel == size_of(p.src_type);
    const std::int64_t position = t.inner * t.size;
    constexpr std::int64_t kShortRun = 32;  // bytes; shorter ones are gathered
    dense_ = !converts_ && side_by_side && t.channel_blocks == 1 && src.spatial[2] == position;
    in_place_ = dense_ || (!converts_ && side_by_side && position >= kShortRun);
  }

  // Plane c of image n, or its channels from c on.
  const std::byte* plane(std::int64_t n, std::int64_t c) const {
    return src_.data + src_.batch->offset(n) + c * src_.channel;
  }

  // `count` elements that change nothing: their first bytes are the lowest, little-endian.
  void fill(std::byte* dst, std::int64_t count) const {
    if (count <= 0) return;
    std::memcpy(dst, &neutral_, static_cast<std::size_t>(t_.size));
    for (std::int64_t done = 1; done < count; done *= 2)
      std::memcpy(dst + done * t_.size, dst,
                  static_cast<std::size_t>(std::min(done, count - done) * t_.size));
  }

  // A row of the piece from a column on, `count` of them, row_pitch() apart; `place` of kLoadedRows
  // for those that are asked for together.
  const std::byte* row(const Piece& piece, std::int64_t row, std::int64_t column,
                       std::int64_t count, const Thread& thread, std::int64_t place) const {
    const std::byte* const src = row_of(piece, row) + column * src_.spatial[2];
    if (in_place_) return src;
    std::byte* const loaded = thread.loaded + place * (t_.loaded_bytes / kLoadedRows);
    load(piece, src, count, loaded);
    return loaded;
  }

  // Whether rows are read where they lie.
  bool in_place() const { return in_place_; }

  std::int64_t row_pitch(const Piece& piece) const {
    return in_place_ ? src_.spatial[2] : piece.inner * t_.size;
  }

  // Where row ih of the first plane of a piece begins, if its positions follow one another as the
  // working type; else null.
  const std::byte* dense_row(const Piece& piece, std::int64_t ih) const {
    if (!dense_) return nullptr;
    return piece.src + piece.depth.first * src_.spatial[0] + ih * src_.spatial[1];
  }

  // The columns [column, column + count) of the padded input, all rows of the piece reduced to one:
  // in place, or else in `row`.
  const std::byte* reduced(const Piece& piece, std::int64_t column, std::int64_t count,
                           const Thread& thread, std::byte* row) const {
    const std::int64_t position = piece.inner * t_.size;
    const std::int64_t begin = std::clamp<std::int64_t>(column, 0, p_.axis[2].in);
    const std::int64_t end = std::clamp<std::int64_t>(column + count, begin, p_.axis[2].in);
    const std::int64_t rows = piece.rows();
    if (rows == 1 && dense_ && end - begin == count)
      return row_of(piece, 0) + begin * src_.spatial[2];

    const bool empty = rows == 0 || begin == end;
    const std::int64_t before = empty ? count : begin - column;
    fill(row, before * piece.inner);
    if (empty) return row;
    std::byte* const inside = row + before * position;
    for (std::int64_t r = 0; r < rows && !(r > 0 && thread.stopped()); r += kTapsPerBlock) {
      const std::int64_t last = std::min(r + kTapsPerBlock, rows);
      reduce_rows(piece, r, last, begin, end - begin, r == 0 ? inside : thread.block, thread);
      const std::byte* const block = thread.block;
      if (r > 0) reduce_.rows({&block, 1, 1, (end - begin) * piece.inner, 0, inside, false});
    }
    fill(inside + (end - begin) * position, (column + count - end) * piece.inner);
    return row;
  }

 private:
  const std::byte* row_of(const Piece& piece, std::int64_t row) const {
    return piece.src + piece.d(row) * src_.spatial[0] + piece.h(row) * src_.spatial[1];
  }

  // `count` positions of the input as the working type, side by side.
  void load(const Piece& piece, const std::byte* src, std::int64_t count, std::byte* dst) const {
    const rows::Kernels& k = rows::kernels();
    rows::Patch<const std::byte> patch{src, 0, src_.spatial[2], 1, count};
    if (p_.channels_last) patch = {src, src_.spatial[2], src_.channel, count, piece.channels};
    if (!converts_) {
      const auto size = static_cast<std::uint64_t>(size_of(p_.src_type));
      return k.gather[std::countr_zero(size)](patch, dst, patch.count);
    }
    const bool complex = is_complex(p_.src_type);
    const Type to = complex ? Type::complex128 : t_.type;
    k.load[static_cast<int>(p_.src_type)][sum_index(to)](patch, dst, patch.count);
    if (p_.pool != Pool::norm) return;
    auto* const row = reinterpret_cast<double*>(dst);
    const std::int64_t elements = count * piece.inner;
    if (complex) take_magnitudes(reinterpret_cast<const Complex<double>*>(dst), elements, row);
    raise(row, elements, p_.norm);
  }

  // Rows [begin, end) of the input at the columns [column, column + count), reduced to dst.
  void reduce_rows(const Piece& piece, std::int64_t begin, std::int64_t end, std::int64_t column,
                   std::int64_t count, std::byte* dst, const Thread& thread) const {
    constexpr std::int64_t kMost = std::max(kLoadedRows, std::int64_t{32});
    const std::byte* src[kMost];
    const std::int64_t together = in_place_ ? kMost : kLoadedRows;
    const std::int64_t elements = count * piece.inner;
    for (std::int64_t r = begin; r < end; r += together) {
      const std::int64_t rows = std::min(together, end - r);
      for (std::int64_t i = 0; i < rows; ++i) {
        src[i] = row_of(piece, r + i) + column * src_.spatial[2];
        if (in_place_) continue;
        std::byte* const loaded = thread.loaded + i * (t_.loaded_bytes / kLoadedRows);
        load(piece, src[i], count, loaded);
        src[i] = loaded;
      }
      // The next row of results sees as many new rows as its windows are apart.
      const Window& h = p_.axis[1].window;
      const bool last = in_place_ && r + rows == end && h.stride <= rows;
      const std::int64_t fresh = last ? h.stride : 0, ahead = h.stride * src_.spatial[1];
      if (dense_ || !in_place_)
        reduce_.rows({src, rows, 1, elements, 0, dst, r == begin, fresh, ahead});
      else
        reduce_.rows(
            {src, rows, count, piece.inner, src_.spatial[2], dst, r == begin, fresh, ahead});
    }
  }

  const PoolProblem& p_;
  const View& src_;
  const Tiling& t_;
  const Reduction& reduce_;
  const std::uint64_t neutral_;
  const bool converts_;
  bool dense_;     // positions follow one another in src, as the working type
  bool in_place_;  // rows of src are read where they lie
};

}  // namespace cconv::pooling
