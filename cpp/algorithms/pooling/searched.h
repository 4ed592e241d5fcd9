// Maxima and where they are, of planes: a band of rows of results at a time, searched where their
// windows lie or, where these see the border or something to convert, in rows that are loaded with
// a border of the least value there is.
#pragma once

#include <algorithm>
#include <cstring>

#include "algorithms/pooling/kernel.h"
#include "algorithms/pooling/source.h"
#include "algorithms/pooling/tiling.h"
#include "algorithms/rows/kernel.h"
#include "runtime/parallel.h"
#include "runtime/workspace.h"

namespace cconv::pooling {

// Whether windows, each of which holds something (validate_pool.cpp), slide by one or two along
// rows, and the results of an image follow one another.
inline bool takes_searched(const PoolProblem& p, const View& dst) {
  if (!p.wants_indices || p.channels_last || has_shares(p)) return false;
  const auto& [d, h, w] = p.axis;
  std::int64_t in = 1, out = size_of(p.dst_type);
  for (int i = kSpatial - 1; i >= 0; --i) {
    const PoolAxis& a = p.axis[i];
    if (a.out > 1 && dst.spatial[i] != out) return false;
    in = saturating_multiply(in, padded_extent(a.window, a.in));
    out = saturating_multiply(out, a.out);
  }
  constexpr std::int64_t kMostUnder = 1 << 16;  // elements under a window, which may be loaded
  const std::int64_t rows = saturating_multiply(d.window.kernel, span(h.window));
  return (p.C == 1 || dst.channel == out) && in <= kFarthest && w.window.stride <= 2 &&
         saturating_multiply(rows, span(w.window)) <= kMostUnder && rows <= kTapsDown &&
         saturating_product({d.window.kernel, h.window.kernel, w.window.kernel}) <= kTapsSearched &&
         h.window.stride <= span(h.window);
}

struct SearchTiling {
  Type type;
  std::int64_t size;
  bool in_place, as_made;        // the input is read where it lies, values are made where they go
  std::int64_t pieces, columns;  // of a row of results; under a piece, at most
  std::int64_t rows, per_item, band;  // of results: of an image, of an item, at once
  std::int64_t loaded_rows, pitch;    // of a slice, at most; in bytes
  std::int64_t loaded_bytes, result_bytes;

  std::int64_t bytes_per_thread() const { return loaded_bytes + result_bytes; }
};

inline SearchTiling search_tiling_of(const PoolProblem& p, const View& src) {
  const auto& [d, h, w] = p.axis;
  SearchTiling t{};
  t.type = working_type(p);
  t.size = size_of(t.type);
  const std::int64_t end = input_index(w.window, w.out - 1, w.window.kernel - 1) + 1;
  t.in_place = !converts(p) && (w.in == 1 || src.spatial[2] == t.size) && w.window.before == 0 &&
               end <= w.in;
  t.as_made = p.dst_type == t.type;

  constexpr std::int64_t kMostBytes = 128 << 10;
  const std::int64_t reach = span(w.window), stride = w.window.stride;
  const std::int64_t rows = d.window.kernel * span(h.window);  // under a row of results
  const std::int64_t fitting = (kMostBytes / (t.size * rows) - reach) / stride + 1;
  t.pieces = divide_up(w.out, std::max(fitting, 4 * reach));
  t.columns = (divide_up(w.out, t.pieces) - 1) * stride + reach;
  t.rows = p.C * d.out * h.out;
  t.pitch = whole_lines(t.columns * t.size) | kCacheLine;
  t.band = std::clamp(kMostBytes / (t.pitch * d.window.kernel * h.window.stride), std::int64_t{1},
                      t.in_place ? t.rows : h.out);
  const double read = static_cast<double>(t.columns * t.size) * static_cast<double>(rows);
  t.per_item = static_cast<std::int64_t>(
      std::clamp(static_cast<double>(kItemBytes) / read, 1.0, static_cast<double>(t.rows)));
  t.loaded_rows = (t.band - 1) * h.window.stride + span(h.window);
  if (!t.in_place) t.loaded_bytes = d.window.kernel * t.loaded_rows * t.pitch;
  if (!t.as_made) t.result_bytes = whole_lines(t.band * divide_up(w.out, t.pieces) * t.size);
  return t;
}

class Searched {
 public:
  // taps: for the windows of each slice of results and of each row of one.
  Searched(const PoolProblem& p, const View& src, const View& dst, std::int64_t* indices,
           const SearchTiling& t, Taps* taps)
      : p_(p),
        source_(p, src),
        src_(src),
        dst_(dst),
        indices_(indices),
        t_(t),
        depth_(taps),
        height_(taps + p.axis[0].out) {
    for (const PoolAxis* axis = p.axis; axis < p.axis + 2; ++axis)
      for (std::int64_t o = 0; o < axis->out; ++o) *taps++ = axis->taps(o);
  }

  std::int64_t items() const { return p_.N * t_.pieces * divide_up(t_.rows, t_.per_item); }

  void item(std::int64_t index, int worker, std::byte* workspace, Stop& stop) const {
    const std::int64_t items = divide_up(t_.rows, t_.per_item);
    const Range piece = piece_of(p_.axis[2].out, index / items % t_.pieces, t_.pieces);
    const std::int64_t n = index / items / t_.pieces;
    std::int64_t row = index % items * t_.per_item;
    if (!t_.in_place) fill_border(piece, workspace);
    const std::int64_t end = std::min(row + t_.per_item, t_.rows);
    for (std::int64_t some; row < end; row += some) {
      if (worker == 0) stop.poll_when_due();
      if (stop.requested()) return;
      some = std::min(t_.band, end - row);
      if (!t_.in_place) some = std::min(some, p_.axis[1].out - row % p_.axis[1].out);
      search(n, row, some, piece, workspace);
    }
  }

 private:
  // Rows [first, first + rows) of an image, positions of a piece.
  void search(std::int64_t n, std::int64_t first, std::int64_t rows, const Range& piece,
              std::byte* workspace) const {
    const auto& [d, h, w] = p_.axis;
    const std::int64_t size = size_of(p_.dst_type), slice = h.in * w.in;
    std::byte* const dst = dst_.data + dst_.batch->offset(n) + (first * w.out + piece.begin) * size;
    std::int64_t* const indices = indices_ + (dst - dst_.data) / size;
    const std::int64_t count = piece.end - piece.begin;
    std::byte* const values = t_.as_made ? dst : workspace + t_.loaded_bytes;
    SearchPlanes all{source_.plane(n, 0),
                     src_.channel,
                     src_.spatial[0],
                     src_.spatial[1],
                     0,
                     slice,
                     w.in,
                     depth_,
                     height_,
                     d.out,
                     h.out,
                     first,
                     rows,
                     {input_index(w.window, piece.begin, 0), w.window.kernel, w.window.dilation},
                     w.window.stride,
                     count,
                     values,
                     indices,
                     t_.as_made ? w.out : count,
                     w.out,
                     is_signed(t_.type)};
    const Taps& depth = depth_[first / h.out % d.out];
    const Taps loaded{0, depth.count, 1};
    if (!t_.in_place) {
      all.first = first % h.out;
      all.src = load(n, first, rows, piece, workspace);
      all.plane_step = 0;
      all.slice_step = t_.loaded_rows * t_.pitch;
      all.row_step = t_.pitch;
      all.index = depth.first * slice;
      all.slice_index = depth.step * slice;
      all.depth = &loaded;
      all.slices = 1;
    }
    kernels().search_planes[static_cast<int>(t_.type)](all);
    for (std::int64_t r = 0; r < rows && !t_.as_made; ++r)
      rows::kernels().store[sum_index(t_.type)][static_cast<int>(p_.dst_type)](
          values + r * count * t_.size, count, {dst + r * w.out * size, 0, size, 1, count});
  }

  // The rows under rows of results, from their first column on with a border; gives where column 0
  // of row 0 would be.
  const std::byte* load(std::int64_t n, std::int64_t first, std::int64_t rows, const Range& piece,
                        std::byte* to) const {
    const auto& [d, h, w] = p_.axis;
    const std::int64_t plane = first / h.out / d.out, oh = first % h.out;
    const Taps& depth = depth_[first / h.out % d.out];
    const std::int64_t top = std::max<std::int64_t>(input_index(h.window, oh, 0), 0);
    const std::int64_t bottom =
        std::min(input_index(h.window, oh + rows - 1, h.window.kernel - 1) + 1, h.in);
    const Columns c = columns_under(piece);
    for (std::int64_t i = 0; i < depth.count; ++i) {
      const std::byte* const src = source_.plane(n, plane) +
                                   (depth.first + i * depth.step) * src_.spatial[0] +
                                   c.first * src_.spatial[2];
      std::byte* row = to + i * t_.loaded_rows * t_.pitch + (c.first - c.begin) * t_.size;
      for (std::int64_t ih = top; ih < bottom; ++ih, row += t_.pitch)
        source_.load(src + ih * src_.spatial[1], c.last - c.first, 1, row);
    }
    return to - top * t_.pitch - c.begin * t_.size;
  }

  // Columns [begin, end) are under a piece, [first, last) of them in the input.
  struct Columns {
    std::int64_t begin, end, first, last;
  };
  Columns columns_under(const Range& piece) const {
    const PoolAxis& w = p_.axis[2];
    const std::int64_t begin = input_index(w.window, piece.begin, 0);
    const std::int64_t end = input_index(w.window, piece.end - 1, w.window.kernel - 1) + 1;
    return {begin, end, std::max<std::int64_t>(begin, 0), std::min(end, w.in)};
  }

  void fill_border(const Range& piece, std::byte* row) const {
    const Columns c = columns_under(piece);
    for (std::int64_t r = 0; r < p_.axis[0].window.kernel * t_.loaded_rows; ++r, row += t_.pitch) {
      source_.fill(row, c.first - c.begin);
      source_.fill(row + (c.last - c.begin) * t_.size, c.end - c.last);
    }
  }

  const PoolProblem& p_;
  const Source source_;
  const View &src_, &dst_;
  std::int64_t* const indices_;
  const SearchTiling& t_;
  const Taps *const depth_, *const height_;
};

inline void run_searched(const PoolProblem& p, const View& src, const View& dst,
                         std::int64_t* indices, int threads, Stop& stop) {
  const SearchTiling t = search_tiling_of(p, src);
  const std::int64_t each = t.bytes_per_thread(), taps = p.axis[0].out + p.axis[1].out;
  const Workspace workspace(each * threads + taps * std::int64_t{sizeof(Taps)});
  const Searched searched(p, src, dst, indices, t,
                          reinterpret_cast<Taps*>(workspace.data() + each * threads));
  parallel_for(searched.items(), threads, stop, [&](std::int64_t item, int worker) {
    searched.item(item, worker, workspace.data() + worker * each, stop);
  });
}

}  // namespace cconv::pooling
