// How a pool is cut into pieces for threads and cache.  Elements of the working type are all the
// sizes here; `inner` of them make a position (channels last: a block of channels; complex numbers:
// their parts).
#pragma once

#include <algorithm>
#include <bit>

#include "algorithms/pooling/kernel.h"
#include "problem/pooling.h"
#include "runtime/workspace.h"

namespace cconv::pooling {

constexpr std::int64_t kTapsPerBlock = 256;     // of a chain of sums: API.md's accuracy
constexpr std::int64_t kLoadedRows = 8;         // rows converted together
constexpr std::int64_t kRowBytes = 32 << 10;    // of the row that rows are reduced to: in L1
constexpr std::int64_t kItemBytes = 256 << 10;  // that one item reads, about

// What extremes and sums are taken in.
inline Type working_type(const PoolProblem& p) {
  switch (p.pool) {
    case Pool::norm:
      return Type::float64;
    case Pool::average:
      return p.dst_type == Type::float64 || p.dst_type == Type::complex128 ? Type::float64
                                                                           : Type::float32;
    case Pool::maximum:
    case Pool::minimum:
      break;
  }
  return p.src_type == Type::float16 || p.src_type == Type::bfloat16 ? Type::float32 : p.src_type;
}

// Elements of the working type that one of src is: complex averages are those of both parts.
inline std::int64_t parts_of(const PoolProblem& p) {
  return p.pool == Pool::average && is_complex(p.src_type) ? 2 : 1;
}

// Whether elements become others when they are loaded.
inline bool converts(const PoolProblem& p) {
  return p.pool == Pool::norm || (parts_of(p) == 1 && working_type(p) != p.src_type);
}

inline const Reduction& reduction_of(const PoolProblem& p, Type type) {
  const Kernels& k = kernels();
  if (p.pool == Pool::maximum) return k.maximum[static_cast<int>(type)];
  if (p.pool == Pool::minimum) return k.minimum[static_cast<int>(type)];
  return type == Type::float64 ? k.sum_float64 : k.sum_float32;
}

// Piece i of a row of results, of `pieces` that differ by one result at most.
inline Range piece_of(std::int64_t out, std::int64_t i, std::int64_t pieces) {
  const std::int64_t least = out / pieces, larger = out % pieces;
  const std::int64_t begin = i * least + std::min(i, larger);
  return {begin, begin + least + (i < larger)};
}

// Elements that a mean counts along an axis.
inline std::int64_t counted(const PoolProblem& p, const PoolAxis& axis, std::int64_t o) {
  return p.count_include_pad && !axis.shared ? taps_padded(axis.window, o, axis.in)
                                             : axis.taps(o).count;
}

struct Tiling {
  Type type;           // working type
  std::int64_t size;   // of an element
  std::int64_t inner;  // elements of a position
  std::int64_t channel_blocks;
  std::int64_t taps;       // of a block along a row, all that may read inside
  std::int64_t columns;    // positions of the input under a piece, at most
  std::int64_t positions;  // of the output in a piece
  std::int64_t pieces;     // of a row
  std::int64_t rows;       // of the output, in all planes
  std::int64_t per_item;   // pieces
  // Scratch of a thread: the reduced row (and that of a block of rows), rows as loaded, results,
  // those of a block of taps, indices (and those of a block), windows (and their taps in a block),
  // factors of averages.
  std::int64_t row_bytes, loaded_bytes, result_bytes, part_bytes, indices_bytes, taps_bytes,
      factors_bytes;

  std::int64_t bytes_per_thread() const {
    return 2 * row_bytes + loaded_bytes + result_bytes + part_bytes + 2 * indices_bytes +
           2 * taps_bytes + factors_bytes;
  }
  std::int64_t items() const { return (rows * pieces + per_item - 1) / per_item; }
};

// Taps of a window that may read inside the axis, at most.
inline std::int64_t widest_window(const PoolAxis& w) {
  if (w.shared) return w.in / w.out + (w.in % w.out != 0) + (w.in % w.out > 1);
  return std::min(w.window.kernel, (w.in - 1 + w.window.before) / w.window.dilation + 1);
}

inline Tiling tiling_of(const PoolProblem& p) {
  const PoolAxis& row = p.axis[2];
  const Window& w = row.window;
  Tiling t{};
  t.type = working_type(p);
  const std::int64_t parts = parts_of(p);
  t.size = size_of(t.type);

  // Columns under one position, a block of taps; fixed by the problem, because sums depend on it.
  const std::int64_t dilation = row.shared ? 1 : w.dilation;
  constexpr std::int64_t kWidest = 4096;
  t.taps = std::clamp<std::int64_t>(kWidest / dilation, 1, kTapsPerBlock);
  t.taps = std::min(t.taps, std::max<std::int64_t>(widest_window(row), 1));
  const std::int64_t reach = (t.taps - 1) * dilation + 1;

  t.inner = parts;
  t.channel_blocks = 1;
  if (p.channels_last) {
    constexpr std::int64_t kFewest = 64;
    const std::int64_t fitting = kRowBytes / (t.size * parts * reach);
    std::int64_t block = std::max(fitting / kFewest, std::int64_t{1}) * kFewest;
    t.inner = std::min(std::max<std::int64_t>(p.C, 1), block) * parts;
    t.channel_blocks = (p.C * parts + t.inner - 1) / t.inner;
  }

  const std::int64_t step = row.shared ? std::max<std::int64_t>(row.in / row.out, 1) : w.stride;
  const std::int64_t fitting = kRowBytes / (t.size * t.inner);
  t.positions = 1;
  if (step <= 2 * reach) t.positions = std::max<std::int64_t>((fitting - reach) / step + 1, 1);
  t.positions = std::min(t.positions, row.out);
  t.pieces = (row.out + t.positions - 1) / t.positions;
  t.positions = (row.out + t.pieces - 1) / t.pieces;
  t.columns =
      row.shared ? std::max(reach, std::min(fitting, row.in)) : (t.positions - 1) * step + reach;

  t.rows = p.N * p.axis[0].out * p.axis[1].out * (p.channels_last ? t.channel_blocks : p.C);
  const double piece = static_cast<double>(t.columns * t.inner * t.size) *
                       static_cast<double>(p.axis[0].taps(0).count + 1) *
                       static_cast<double>(p.axis[1].taps(0).count + 1);
  t.per_item = static_cast<std::int64_t>(std::max(1.0, static_cast<double>(kItemBytes) / piece));

  const bool magnitudes = p.pool == Pool::norm && is_complex(p.src_type);
  const std::int64_t loaded = magnitudes ? size_of(Type::complex128) : t.size;
  t.row_bytes = round_up(t.columns * t.inner * t.size, kCacheLine);
  t.loaded_bytes = round_up(kLoadedRows * t.columns * t.inner * loaded, kCacheLine);
  t.result_bytes = round_up(t.positions * t.inner * t.size, kCacheLine);
  t.part_bytes = p.wants_indices || widest_window(row) > kTapsPerBlock ? t.result_bytes : 0;
  t.indices_bytes = p.wants_indices ? round_up(t.positions * t.inner * 8, kCacheLine) : 0;
  t.taps_bytes = round_up(t.positions * static_cast<std::int64_t>(sizeof(Taps)), kCacheLine);
  t.factors_bytes = round_up(t.positions * 8, kCacheLine);
  return t;
}

}  // namespace cconv::pooling
