// The input under each term of a block at a strip of output positions, as rows for the kernel:
// where it lies contiguously in src the row is src itself, elsewhere it is gathered into scratch,
// border included.
#pragma once

#include <algorithm>

#include "algorithms/direct/shared.h"
#include "algorithms/rows/border.h"
#include "algorithms/rows/kernel.h"
#include "problem/cursor.h"
#include "runtime/workspace.h"

namespace cconv::direct {

// Consecutive positions, begun at a cursor, and the room they take in scratch.
struct Strip {
  Cursor cursor;
  std::int64_t count, padded;
};

// Terms [first, first + count) of the sum over the channels from `channel`.
struct Terms {
  std::int64_t channel, first, count;
};

template <class T>
class Gather {
 public:
  Gather(const Problem& problem, const View& src)
      : p_(problem),
        src_(src),
        load_(
            rows::kernels().load[static_cast<int>(problem.src_type)][sum_index(problem.sum_type)]),
        step_(problem.axis[2].window.stride * src.spatial[2]),
        row_step_(problem.axis[1].window.stride * src.spatial[1]),
        joined_(row_step_ == problem.axis[2].out * step_),
        in_place_(problem.src_type == problem.sum_type && step_ == sizeof(T) &&
                  !copies_pay(problem)) {
    for (const Axis& a : problem.axis) inside_ &= a.window.before == 0 && a.window.after == 0;
    if (!inside_ && problem.border == Border::constant) border_ = rows::border_term<T>(problem);
  }

  // pointers[k]: the row of term terms.first + k.  Lanes past the strip's end hold anything.
  void operator()(const Strip& strip, const Terms& terms, T* scratch,
                  const std::byte** pointers) const {
    const std::int64_t taps = p_.taps();
    const Rows rows{std::min(taps, terms.count), taps, terms.count / taps, terms.count % taps,
                    strip.padded};
    const Tap tap = Tap::at(p_, terms.first % taps);
    const std::byte* const channel =
        src_.data + (terms.channel + terms.first / taps) * src_.channel;
    if (inside_)
      gather_inside(strip, tap, channel, rows, scratch, pointers);
    else
      gather_with_border(strip, tap, channel, rows, scratch, pointers);
  }

 private:
  // Rows j, j + taps, j + 2 * taps, ... have a tap in common and lie one channel apart; `shared`
  // different taps occur, the first `rest` of them once more often than the others.
  struct Rows {
    std::int64_t shared, taps, rounds, rest, length;

    std::int64_t channels(std::int64_t j) const { return rounds + (j < rest); }
    std::int64_t pitch() const { return taps * length; }  // between channels
  };

  // Some whole output rows, or a part of one, or rows joined to one.
  struct Piece {
    std::int64_t rows, width;
    std::int64_t count() const { return rows * width; }
  };

  // The output from `at` on that one patch of src serves: at most `left` positions, and rows before
  // `end`.
  Piece piece_at(const Cursor& at, std::int64_t left, std::int64_t end, bool joined) const {
    const std::int64_t OW = p_.axis[2].out;
    if (at.oh >= end) return {1, std::min(left, OW - at.ow)};
    if (joined) return {1, std::min(left, (end - at.oh) * OW - at.ow)};
    if (at.ow > 0 || left < 2 * OW) return {1, std::min(left, OW - at.ow)};
    return {std::min(end - at.oh, left / OW), OW};
  }

  void load(const std::byte* from, const Piece& piece, std::int64_t channels, std::int64_t pitch,
            T* to, std::int64_t row_pitch) const {
    if (piece.rows == 1)
      return load_({from, src_.channel, step_, channels, piece.width}, to, pitch);
    for (std::int64_t c = 0; c < channels; ++c)
      load_({from + c * src_.channel, row_step_, step_, piece.rows, piece.width}, to + c * pitch,
            row_pitch);
  }

  static void point(const std::byte** pointers, const std::byte* row, std::int64_t step,
                    std::int64_t channels, std::int64_t taps) {
    for (std::int64_t c = 0; c < channels; ++c) pointers[c * taps] = row + c * step;
  }
  static void point(const std::byte** pointers, const T* row, const Rows& rows, std::int64_t j) {
    point(pointers + j, reinterpret_cast<const std::byte*>(row),
          rows.pitch() * static_cast<std::int64_t>(sizeof(T)), rows.channels(j), rows.taps);
  }

  // Without padding every tap lies as far from the first one at every position.
  void gather_inside(const Strip& strip, const Tap& first, const std::byte* channel,
                     const Rows& rows, T* scratch, const std::byte** pointers) const {
    const std::int64_t d_step = p_.axis[0].window.dilation * src_.spatial[0];
    const std::int64_t h_step = p_.axis[1].window.dilation * src_.spatial[1];
    const std::int64_t w_step = p_.axis[2].window.dilation * src_.spatial[2];
    Cursor at = strip.cursor;
    for (std::int64_t i = 0; i < strip.count;) {
      const Piece piece = piece_at(at, strip.count - i, p_.axis[1].out, joined_);
      const bool in_place = in_place_ && piece.rows == 1 && piece.width == strip.padded;
      const std::byte* const origin = channel + src_.batch->offset(at.n) +
                                      at.od * p_.axis[0].window.stride * src_.spatial[0] +
                                      at.oh * row_step_ + at.ow * step_;
      Tap tap = first;
      std::int64_t round = 0;
      for (std::int64_t j = 0; j < rows.shared; ++j) {
        const std::byte* const from =
            origin + round + tap.kd * d_step + tap.kh * h_step + tap.kw * w_step;
        if (in_place) {
          point(pointers + j, from, src_.channel, rows.channels(j), rows.taps);
        } else {
          T* const row = scratch + j * rows.length;
          load(from, piece, rows.channels(j), rows.pitch(), row + i, piece.width);
          if (i == 0) point(pointers, row, rows, j);
        }
        if (tap.next(p_)) round = src_.channel;
      }
      i += piece.count();
      at.advance(p_, piece.count());
    }
  }

  void gather_with_border(const Strip& strip, Tap tap, const std::byte* channel, const Rows& rows,
                          T* scratch, const std::byte** pointers) const {
    const Axis& h = p_.axis[1];
    const Axis& w = p_.axis[2];
    for (std::int64_t j = 0; j < rows.shared; ++j) {
      const Range inside = positions_inside(h.window, tap.kh, h.in, h.out);
      const Range columns = positions_inside(w.window, tap.kw, w.in, w.out);
      const bool joined = joined_ && columns.begin == 0 && columns.end == w.out;
      const auto piece = [&](const Cursor& at, std::int64_t left) {
        return piece_at(at, left, at.oh < inside.begin ? 0 : inside.end, joined);
      };
      T* const row = scratch + j * rows.length;
      if (const std::byte* from =
              in_place(strip, piece(strip.cursor, strip.count), joined, tap, columns, channel)) {
        point(pointers + j, from, src_.channel, rows.channels(j), rows.taps);
      } else {
        point(pointers, row, rows, j);
        Cursor at = strip.cursor;
        for (std::int64_t i = 0; i < strip.count;) {
          const Piece part = piece(at, strip.count - i);
          const std::byte* const input = input_row(at, tap, channel);
          if (input == nullptr)
            fill(row + i, part, part.width, rows.channels(j), rows.pitch());
          else if (joined)
            load(input + column(at, tap), part, rows.channels(j), rows.pitch(), row + i,
                 part.width);
          else
            gather_columns(input, at.ow, part, tap, columns, rows.channels(j), rows.pitch(),
                           row + i);
          i += part.count();
          at.advance(p_, part.count());
        }
      }
      if (tap.next(p_)) channel += src_.channel;
    }
  }

  // Byte offset in its row of the column under a tap.
  std::int64_t column(const Cursor& at, const Tap& tap) const {
    return input_index(p_.axis[2].window, at.ow, tap.kw) * src_.spatial[2];
  }

  // The strip's input under a tap where it lies contiguously in src, else null.
  const std::byte* in_place(const Strip& strip, const Piece& piece, bool joined, const Tap& tap,
                            const Range& columns, const std::byte* channel) const {
    const Cursor& at = strip.cursor;
    if (!in_place_ || piece.rows != 1 || piece.width != strip.padded) return nullptr;
    if (at.ow < columns.begin || (!joined && at.ow + piece.width > columns.end)) return nullptr;
    const std::byte* const row = input_row(at, tap, channel);
    return row == nullptr ? nullptr : row + column(at, tap);
  }

  // The row of src under a tap, null in a constant border.
  const std::byte* input_row(const Cursor& at, const Tap& tap, const std::byte* channel) const {
    const Axis& d = p_.axis[0];
    const Axis& h = p_.axis[1];
    const std::int64_t id = border_index(p_.border, input_index(d.window, at.od, tap.kd), d.in);
    const std::int64_t ih = border_index(p_.border, input_index(h.window, at.oh, tap.kh), h.in);
    if (id < 0 || ih < 0) return nullptr;
    return channel + src_.batch->offset(at.n) + id * src_.spatial[0] + ih * src_.spatial[1];
  }

  // A piece of output rows: the columns inside together, those in the border one by one, or
  // together where it is constant.
  void gather_columns(const std::byte* row, std::int64_t begin, const Piece& piece, const Tap& tap,
                      const Range& columns, std::int64_t channels, std::int64_t pitch,
                      T* to) const {
    const Axis& w = p_.axis[2];
    const std::int64_t end = begin + piece.width;
    std::int64_t next = begin;
    for (std::int64_t ow = begin; ow < end; ow = next) {
      const std::int64_t change = ow < columns.begin ? columns.begin
                                  : ow < columns.end ? columns.end
                                                     : end;
      const bool inside = ow >= columns.begin && ow < columns.end;
      const bool together = inside || p_.border == Border::constant;
      next = together ? std::min(end, change) : ow + 1;
      const std::int64_t iw = border_index(p_.border, input_index(w.window, ow, tap.kw), w.in);
      const Piece part{piece.rows, next - ow};
      if (iw < 0)
        fill(to + (ow - begin), part, piece.width, channels, pitch);
      else
        load(row + iw * src_.spatial[2], part, channels, pitch, to + (ow - begin), piece.width);
    }
  }

  void fill(T* to, const Piece& piece, std::int64_t row_pitch, std::int64_t channels,
            std::int64_t pitch) const {
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t r = 0; r < piece.rows; ++r)
        for (std::int64_t i = 0; i < piece.width; ++i) to[c * pitch + r * row_pitch + i] = border_;
  }

  const Problem& p_;
  const View& src_;
  const rows::Load load_;
  const std::int64_t step_;      // between the inputs of neighbouring outputs, in bytes
  const std::int64_t row_step_;  // of neighbouring output rows
  const bool joined_;            // the input of an output row goes on in that of the next one
  const bool in_place_;          // rows of src could be rows of the kernel
  T border_{};                   // value of a constant border
  bool inside_ = true;           // no window reaches a border
};

}  // namespace cconv::direct
