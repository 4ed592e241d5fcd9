// Maxima, sums and norms: rows of input to one row, then windows along that row.
#include "algorithms/pooling/kernel.h"

#include CCONV_LEVEL_HEADER
#include "algorithms/pooling/operations.h"
#include "algorithms/pooling/search.h"
#include "algorithms/rows/sliding.h"
#include "isa/transpose.h"

namespace cconv::pooling {
namespace {

// kVectors neighbouring vectors of each row at byte `at`.
template <class Op, class T, int N, int kVectors>
CCONV_INLINE void rows_block(const Rows& a, std::int64_t at, std::byte* dst) {
  using Vector = Vec<T, N>;
  constexpr std::int64_t kBytes = N * sizeof(T);
  std::int64_t r = 0;
  const std::byte* const begin = a.first ? a.src[r++] + at : dst;
  Vector y[kVectors];
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) y[j] = Vector::load(begin + j * kBytes);
  for (; r < a.rows; ++r) {
    const std::byte* const row = a.src[r] + at;
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) y[j] = Op::apply(y[j], Vector::load(row + j * kBytes));
  }
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) y[j].store(dst + j * kBytes);
}

template <class Op, class T>
void rows(const Rows& a) {
  constexpr int N = V<T>::kLanes, kVectors = kUnrolled<T>;
  constexpr std::int64_t kSize = sizeof(T);
  for (std::int64_t run = 0; run < a.runs; ++run) {
    const std::int64_t at = run * a.run_step;
    std::byte* const dst = a.dst + run * a.count * kSize;
    std::int64_t i = 0;
    for (; i + kVectors * N <= a.count; i += kVectors * N)
      rows_block<Op, T, N, kVectors>(a, at + i * kSize, dst + i * kSize);
    cover<T, N>(i, a.count, a.first, [&](std::int64_t i, auto lanes) {
      rows_block<Op, T, decltype(lanes)::kCount, 1>(a, at + i * kSize, dst + i * kSize);
    });
  }
}

// The rows under one row of results: `slices` of them, `rows` in each, or kRows in one.
struct Under {
  const std::byte* src;
  std::int64_t slices, slice_step, rows, row_step;
};

template <class Op, class T, int N, int kVectors, int kRows>
CCONV_INLINE void down_block(const Under& u, std::int64_t at, std::byte* dst) {
  using Vector = Vec<T, N>;
  constexpr std::int64_t kBytes = N * sizeof(T);
  const std::byte* row = u.src + at;
  Vector y[kVectors];
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) y[j] = Vector::load(row + j * kBytes);
  const auto add = [&](std::int64_t step) {
    row += step;
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) y[j] = Op::apply(y[j], Vector::load(row + j * kBytes));
  };
  after_first<kRows>(u.rows, [&](std::int64_t) { add(u.row_step); });
  // The next row of results will want the next row, which processors don't expect.
  if constexpr (kVectors > 1) rows::ask_for(row + u.row_step, kVectors * kBytes);
  for (std::int64_t s = 1; kRows == 0 && s < u.slices; ++s) {
    add(u.slice_step - (u.rows - 1) * u.row_step);
    for (std::int64_t r = 1; r < u.rows; ++r) add(u.row_step);
  }
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) y[j].store(dst + j * kBytes);
}

template <class Op, class T, int kRows>
CCONV_INLINE void down_row(const Under& u, std::int64_t columns, std::byte* dst) {
  constexpr int N = V<T>::kLanes, kVectors = kUnrolled<T>;
  constexpr std::int64_t kSize = sizeof(T);
  std::int64_t i = 0;
  if constexpr (kVectors > 1)
    for (; i + kVectors * N <= columns; i += kVectors * N)
      down_block<Op, T, N, kVectors, kRows>(u, i * kSize, dst + i * kSize);
  cover<T, N>(i, columns, true, [&](std::int64_t i, auto lanes) {
    down_block<Op, T, decltype(lanes)::kCount, 1, kRows>(u, i * kSize, dst + i * kSize);
  });
}

// Numbers of rows that CNNs have are known in advance.
template <class Op, class T>
void down(const Down& a) {
  std::int64_t oh = a.first % a.rows, od = a.first / a.rows % a.slices;
  const std::byte* plane = a.src + a.first / a.rows / a.slices * a.plane_step;
  std::byte* dst = a.dst;
  for (std::int64_t r = 0; r < a.outputs; ++r, dst += a.pitch) {
    const Taps d = a.depth[od], h = a.height[oh];
    Under u{plane + d.first * a.slice_step + h.first * a.row_step, d.count, d.step * a.slice_step,
            h.count, h.step * a.row_step};
    if (d.count == 0 || h.count == 0) u = {a.nothing, 1, 0, 1, 0};
    if (kOfCnns<Op, T> && u.slices == 1 && u.rows == 2)
      down_row<Op, T, kOfCnns<Op, T> ? 2 : 0>(u, a.columns, dst);
    else if (kOfCnns<Op, T> && u.slices == 1 && u.rows == 3)
      down_row<Op, T, kOfCnns<Op, T> ? 3 : 0>(u, a.columns, dst);
    else
      down_row<Op, T, 0>(u, a.columns, dst);
    if (++oh < a.rows) continue;
    oh = 0;
    if (++od < a.slices) continue;
    od = 0, plane += a.plane_step;
  }
}

// Elements from i on of results, divided where they are sums.
template <class Op, class T, int N>
CCONV_INLINE Vec<T, N> divided(const Divisors& by, Vec<T, N> y, std::int64_t i) {
  if constexpr (Op::kDivides) {
    if (by.divisors == nullptr) return y;
    const auto of = [&](const std::byte* at) {
      return by.alike ? Vec<T, N>::fill(load_one<T>(at)) : Vec<T, N>::load(at + i * sizeof(T));
    };
    return quotient(from_zero(y), of(by.divisors), of(by.inverses));
  }
  return y;
}

// kVectors vectors of results from element i on, whose taps load(t, j) gives; kTaps of them, or
// with 0 any number.
template <class Op, class T, int N, int kVectors, int kTaps, class Load>
CCONV_INLINE void along_block(const Along& a, std::byte* row, std::int64_t i, Load load) {
  constexpr std::int64_t kBytes = N * sizeof(T), kAhead = 1024;
  std::byte* const dst = row + i * static_cast<std::int64_t>(sizeof(T));
  Vec<T, N> y[kVectors];
  if constexpr (kVectors > 1) rows::ask_for(dst + kAhead, kVectors * kBytes);
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) y[j] = load(0, j);
  after_first<kTaps>(a.taps, [&](std::int64_t t) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) y[j] = Op::apply(y[j], load(t, j));
  });
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    if (kTaps > 0 || a.first)
      y[j] = divided<Op>(a.by, y[j], i + j * N);
    else
      y[j] = Op::apply(Vec<T, N>::load(dst + j * kBytes), y[j]);
    y[j].store(dst + j * kBytes);
  }
}

// Rows of `count` results whose taps are neighbours as they are themselves.
template <class Op, class T, int kTaps>
__attribute__((noinline)) void along_runs(const Along& a, std::int64_t count) {
  constexpr std::int64_t kSize = sizeof(T), N = V<T>::kLanes;
  constexpr int kVectors = kUnrolled<T>;
  const std::int64_t step = a.step * a.inner * kSize;
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const std::byte* const src = a.src + r * a.src_pitch;
    std::byte* const dst = a.dst + r * a.dst_pitch;
    const auto block = [&](std::int64_t i, auto lanes, auto vectors) {
      constexpr int kLanes = decltype(lanes)::kCount;
      const std::byte* const from = src + i * kSize;
      along_block<Op, T, kLanes, decltype(vectors)::kCount, kTaps>(
          a, dst, i, [=](std::int64_t t, int j) {
            return Vec<T, kLanes>::load(from + t * step + j * kLanes * kSize);
          });
    };
    std::int64_t i = 0;
    if constexpr (kVectors > 1)
      for (; i + kVectors * N <= count; i += kVectors * N)
        block(i, rows::Some<N>{}, rows::Some<kVectors>{});
    cover<T, N>(i, count, kTaps > 0 || a.first,
                [&](std::int64_t i, auto lanes) { block(i, lanes, rows::Some<1>{}); });
  }
}

// Rows of stride 2: each vector is the even elements of two that overlap by one, so that nothing
// behind the last window is read.
template <class Op, class T, int kTaps>
__attribute__((noinline)) void along_pairs(const Along& a) {
  constexpr std::int64_t kSize = sizeof(T);
  const std::int64_t step = a.step * kSize;
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const std::byte* const src = a.src + r * a.src_pitch;
    std::byte* const dst = a.dst + r * a.dst_pitch;
    cover<T, V<T>::kLanes>(0, a.positions, kTaps > 0 || a.first, [&](std::int64_t i, auto lanes) {
      constexpr int N = decltype(lanes)::kCount;
      const std::byte* const from = src + 2 * i * kSize;
      along_block<Op, T, N, 1, kTaps>(a, dst, i, [=](std::int64_t t, int) {
        const std::byte* const pairs = from + t * step;
        return evens(Vec<T, N>::load(pairs), Vec<T, N>::load(pairs + (N - 1) * kSize));
      });
    });
  }
}

// Numbers of taps that CNNs have are known in advance.
template <class Op, class T>
void along_runs(const Along& a) {
  const std::int64_t count = a.positions * a.inner;
  if constexpr (kOfCnns<Op, T>) {
    if (a.first && a.taps == 2) return along_runs<Op, T, 2>(a, count);
    if (a.first && a.taps == 3) return along_runs<Op, T, 3>(a, count);
  }
  along_runs<Op, T, 0>(a, count);
}
template <class Op, class T>
void along_pairs(const Along& a) {
  if constexpr (kOfCnns<Op, T>) {
    if (a.first && a.taps == 2) return along_pairs<Op, T, 2>(a);
    if (a.first && a.taps == 3) return along_pairs<Op, T, 3>(a);
  }
  along_pairs<Op, T, 0>(a);
}

// dst[i] = the `bytes` bytes at src + i * step, one after the other.  Reads up to kPickedBytes
// more.
__attribute__((noinline)) void pick(const std::byte* src, std::int64_t step, std::int64_t bytes,
                                    std::int64_t count, std::byte* dst) {
  using Chunk = Vec<std::uint8_t, kPickedBytes>;
  const std::byte* const end = dst + count * bytes;
  for (; count > 0; --count, src += step, dst += bytes) {
    std::int64_t i = 0;  // what is written too much is written again
    for (; i < bytes && end - dst >= i + kPickedBytes; i += kPickedBytes)
      Chunk::load(src + i).store(dst + i);
    for (; i < bytes; ++i) dst[i] = src[i];
  }
}

// dst[i] = the word at src + 2 * i.
template <class Word>
__attribute__((noinline)) void pick_evens(const std::byte* src, std::int64_t count,
                                          std::byte* dst) {
  constexpr std::int64_t kSize = sizeof(Word);
  cover<Word, V<Word>::kLanes>(0, count, true, [&](std::int64_t i, auto lanes) {
    constexpr int N = decltype(lanes)::kCount;
    const std::byte* const pairs = src + 2 * i * kSize;
    evens(Vec<Word, N>::load(pairs), Vec<Word, N>::load(pairs + (N - 1) * kSize))
        .store(dst + i * kSize);
  });
}

// Rows as if of stride 1; then every stride-th position of those, which are divided last.
// runs: along_runs of elements of `size` bytes.
__attribute__((noinline)) void along_picked(const Along& a, std::int64_t size,
                                            void (*runs)(const Along&)) {
  const std::int64_t position = a.inner * size;
  const bool divides = a.by.divisors != nullptr;
  Along dense = a, last = a;
  dense.stride = last.stride = last.taps = dense.rows = last.rows = 1;
  dense.positions = (a.positions - 1) * a.stride + 1;
  dense.by = {};
  dense.dst = a.scratch;
  last.src = a.scratch + a.scratch_pitch;
  for (std::int64_t r = 0; r < a.rows; ++r) {
    runs(dense);
    std::byte* const picked = divides ? a.scratch + a.scratch_pitch : last.dst;
    if (a.stride == 2 && position == 1)
      pick_evens<std::uint8_t>(a.scratch, a.positions, picked);
    else if (a.stride == 2 && position == 2)
      pick_evens<std::uint16_t>(a.scratch, a.positions, picked);
    else
      pick(a.scratch, a.stride * position, position, a.positions, picked);
    if (divides) runs(last);
    dense.src += a.src_pitch;
    last.dst += a.dst_pitch;
  }
}

template <class Op, class T>
void along(const Along& given) {
  constexpr std::int64_t kSize = sizeof(T), kMostStride = 8;
  Along a = given;
  const std::int64_t position = a.inner * kSize, row = a.positions * position;
  const bool alike = a.by.divisors == nullptr || a.by.alike;
  const bool runs = a.stride == 1;
  const bool pairs = kOfImages<T> && a.stride == 2 && a.inner == 1;
  if ((runs || pairs) && alike && a.dst_pitch == row && a.src_pitch == row * a.stride)
    a.positions *= a.rows, a.rows = 1;  // rows that follow one another are one
  if (runs || a.positions == 1) return along_runs<Op, T>(a);
  if constexpr (kOfImages<T>) {
    if (pairs) return along_pairs<Op, T>(a);
  }
  if (a.scratch != nullptr && a.stride <= kMostStride && position < kWindowBytes / 2)
    return along_picked(a, kSize, along_runs<Op, T>);
  // Position by position.
  Along one = a;
  one.positions = 1;
  for (std::int64_t o = 0; o < a.positions; ++o) {
    along_runs<Op, T, 0>(one, a.inner);
    one.src += a.stride * position;
    one.dst += position;
    if (alike) continue;
    one.by.divisors += position, one.by.inverses += position;
  }
}

// What becomes of results before they are stored.
template <class Op, class T>
struct Outcome {
  explicit Outcome(const std::byte*) {}
  template <int N>
  CCONV_INLINE Vec<T, N> of(Vec<T, N> y) const {
    return y;
  }
};
template <class T>
struct Outcome<Sum, T> {
  T divisor, inverse;
  explicit Outcome(const std::byte* at) : divisor(load_one<T>(at)), inverse(1 / divisor) {}
  template <int N>
  CCONV_INLINE Vec<T, N> of(Vec<T, N> y) const {
    return quotient(from_zero(y), Vec<T, N>::fill(divisor), Vec<T, N>::fill(inverse));
  }
};

template <class Op, class T>
void squares(const Squares& a) {
  constexpr std::int64_t kSize = sizeof(T), kLanes = V<T>::kLanes, kLong = 64;
  const Outcome<Op, T> outcome(a.divisor);
  const std::int64_t row = a.positions * kSize;
  // Where rows of results follow one another, what is written behind one is written again.
  const bool follow = a.dst_pitch == row && a.src_pitch >= 2 * row;
  const std::int64_t last = follow ? a.rows - 1 - kLanes / a.positions : 0;
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const std::byte* const src = a.src + r * a.src_pitch;
    std::byte* const dst = a.dst + r * a.dst_pitch;
    const auto block = [&](std::int64_t i, auto lanes) {
      constexpr int N = decltype(lanes)::kCount;
      const auto column = [&](std::int64_t at) {
        return Op::apply(Vec<T, N>::load(src + at), Vec<T, N>::load(src + at + a.row_step));
      };
      const Vec<T, N> left = column(2 * i * kSize), right = column((2 * i + N) * kSize);
      if (a.positions >= kLong) {
        const std::byte* const next = src + a.src_pitch + 2 * i * kSize;
        rows::ask_for(next, 2 * N * kSize);
        rows::ask_for(next + a.row_step, 2 * N * kSize);
      }
      const Vec<T, N> y = Op::apply(alternate<0>(left, right), alternate<1>(left, right));
      outcome.of(y).store(dst + i * kSize);
    };
    if (r < last)
      for (std::int64_t i = 0; i < a.positions; i += kLanes) block(i, rows::Some<kLanes>{});
    else
      cover<T, kLanes>(0, a.positions, true, block);
  }
}

// kVectors vectors of position `at`, in bytes, of kRows rows reduced to one, or with 0 of any
// number.
template <class Op, class T, int N, int kVectors, int kRows>
CCONV_INLINE void column(const Windows& a, std::int64_t at, Vec<T, N> (&y)[kVectors]) {
  constexpr std::int64_t kBytes = N * sizeof(T);
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) y[j] = Vec<T, N>::load(a.src[0] + at + j * kBytes);
  after_first<kRows>(a.rows, [&](std::int64_t r) {
    const std::byte* const row = a.src[r] + at;
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) y[j] = Op::apply(y[j], Vec<T, N>::load(row + j * kBytes));
  });
}

// kVectors vectors of the results of one position, whose window begins at byte `at` of the rows.
template <class Op, class T, int N, int kVectors, int kRows>
CCONV_INLINE void window_block(const Windows& a, std::int64_t at, std::byte* dst,
                               const Outcome<Op, T>& outcome) {
  Vec<T, N> y[kVectors], next[kVectors];
  column<Op, T, N, kVectors, kRows>(a, at, y);
  for (std::int64_t t = 1; t < a.taps; ++t) {
    column<Op, T, N, kVectors, kRows>(a, at + t * a.step * a.pitch, next);
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) y[j] = Op::apply(y[j], next[j]);
  }
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) outcome.of(y[j]).store(dst + j * N * sizeof(T));
}

// Calls block(c, Some<n>{}) for n vectors at once that cover the channels, the last of which may
// overlap.
template <class T, int kVectors, class Block>
CCONV_INLINE void each_channels(std::int64_t channels, Block block) {
  constexpr int N = V<T>::kLanes;
  std::int64_t c = 0;
  for (; c + kVectors * N <= channels; c += kVectors * N) block(c, rows::Some<kVectors>{});
  for (; c < channels; c += N) {
    if (c > channels - N) c = channels - N;
    block(c, rows::Some<1>{});
  }
}

// Squares of kSize x kSize that slide by one: neighbours share columns.
template <class Op, class T, int kSize>
__attribute__((noinline)) void sliding_squares(const Windows& a) {
  constexpr int N = V<T>::kLanes;
  const Outcome<Op, T> outcome(a.divisor);
  each_channels<T, kRegisters >= 32 ? 4 : 2>(a.inner, [&](std::int64_t c, auto vectors) {
    constexpr int kVectors = decltype(vectors)::kCount;
    std::int64_t at = c * sizeof(T);
    std::byte* dst = a.dst + at;
    V<T> columns[kSize][kVectors];
#pragma GCC unroll 4
    for (int t = 0; t < kSize; ++t, at += a.pitch)
      column<Op, T, N, kVectors, kSize>(a, at, columns[t]);
    for (std::int64_t o = 0;; dst += a.inner * sizeof(T)) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) {
        V<T> y = columns[0][j];
#pragma GCC unroll 4
        for (int t = 1; t < kSize; ++t) y = Op::apply(y, columns[t][j]);
        outcome.of(y).store(dst + j * N * sizeof(T));
#pragma GCC unroll 4
        for (int t = 1; t < kSize; ++t) columns[t - 1][j] = columns[t][j];
      }
      if (++o == a.positions) break;
      column<Op, T, N, kVectors, kSize>(a, at, columns[kSize - 1]);
      at += a.pitch;
    }
  });
}

template <class Op, class T, int kRows>
CCONV_INLINE void windows_of(const Windows& a) {
  constexpr std::int64_t kSize = sizeof(T);
  const Outcome<Op, T> outcome(a.divisor);
  for (std::int64_t o = 0; o < a.positions; ++o) {
    const std::int64_t at = o * a.stride * a.pitch;
    std::byte* const dst = a.dst + o * a.inner * kSize;
    each_channels<T, kUnrolled<T>>(a.inner, [&](std::int64_t c, auto vectors) {
      window_block<Op, T, V<T>::kLanes, decltype(vectors)::kCount, kRows>(a, at + c * kSize,
                                                                          dst + c * kSize, outcome);
    });
  }
}

// Windows that CNNs have are known in advance.
template <class Op, class T>
void windows(const Windows& a) {
  if constexpr (kOfCnns<Op, T>) {
    const bool slide = a.stride == 1 && a.step == 1 && a.rows == a.taps;
    if (slide && a.taps == 3) return sliding_squares<Op, T, 3>(a);
    if (a.rows == 2) return windows_of<Op, T, 2>(a);
    if (a.rows == 3) return windows_of<Op, T, 3>(a);
  }
  windows_of<Op, T, 0>(a);
}

// Rows of one plane, vectors of N columns from `column` on.  A vector reads past its row into the
// next one, but not past the last plane.
template <class Op, class T, int N>
CCONV_INLINE void plane_rows(const Planes& a, std::int64_t plane, std::int64_t column,
                             std::byte* row) {
  constexpr std::int64_t kSize = sizeof(T);
  const std::int64_t last = ((plane + 1) * a.rows - 1) * a.columns;  // row of the plane
  const std::int64_t end = a.planes * a.rows * a.columns;
  for (; column < a.columns && last + column + N <= end; column += N) {
    const std::byte* from = a.src + (plane * a.rows * a.columns + column) * kSize;
    Vec<T, N> y = Vec<T, N>::load(from);
    for (std::int64_t r = 1; r < a.rows; ++r)
      y = Op::apply(y, Vec<T, N>::load(from += a.columns * kSize));
    y.store(row + column * kSize);
  }
  if constexpr (N > 1) {
    if (column < a.columns) plane_rows<Op, T, shorter<T>(N)>(a, plane, column, row);
  }
}

// As many planes at once as a vector has lanes, of no more columns: their rows, turned, are
// columns.  Gives the number of planes done.
template <class Op, class T>
CCONV_INLINE std::int64_t planes_together(const Planes& a) {
  constexpr int N = V<T>::kLanes;
  constexpr std::int64_t kSize = sizeof(T);
  const std::int64_t plane = a.rows * a.columns, all = a.planes * plane;
  std::int64_t p = 0;
  for (; p + N <= a.planes && (p + N) * plane - a.columns + N <= all; p += N) {
    V<T> y[N];
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) {
      const std::byte* from = a.src + (p + i) * plane * kSize;
      y[i] = V<T>::load(from);
      for (std::int64_t r = 1; r < a.rows; ++r)
        y[i] = Op::apply(y[i], V<T>::load(from += a.columns * kSize));
    }
    transpose(y);
#pragma GCC unroll 16
    for (int c = 1; c < N; ++c)
      if (c < a.columns) y[0] = Op::apply(y[0], y[c]);
    y[0].store(a.dst + p * kSize);
  }
  return p;
}

template <class Op, class T>
void planes(const Planes& a) {
  constexpr int N = V<T>::kLanes;
  constexpr std::int64_t kSize = sizeof(T);
  using One = Vec<T, 1>;
  std::int64_t p = a.columns <= N ? planes_together<Op, T>(a) : 0;
  std::byte row[(kMostColumns + N) * kSize];
  for (; p < a.planes; ++p) {
    plane_rows<Op, T, N>(a, p, 0, row);
    One y = One::load(row);
    for (std::int64_t c = 1; c < a.columns; ++c) y = Op::apply(y, One::load(row + c * kSize));
    y.store(a.dst + p * kSize);
  }
}

// An operation whose terms are elements as they are.
template <class Op, class T>
struct Plain {
  CCONV_INLINE V<T> first(V<T> x) const { return x; }
  CCONV_INLINE V<T> add(V<T> y, V<T> x) const { return Op::apply(y, x); }
  CCONV_INLINE V<T> join(V<T> a, V<T> b) const { return Op::apply(a, b); }
};

template <class Op, class T>
void slide(const Slide& s) {
  rows::slide<V<T>, T>(s.src, s.height, s.outputs, s.columns, s.dst, s.pitch, s.scratch,
                       Plain<Op, T>{});
}

template <class Op, class T>
void slide_along(const SlideAlong& s) {
  constexpr std::int64_t kSize = sizeof(T);
  rows::slide_along<V<T>, T, !Op::kDivides>(
      s.src, s.width, s.inner, s.columns, s.scratch, s.pitch, Plain<Op, T>{},
      [&](V<T> y, std::int64_t i) { divided<Op>(s.by, y, i).store(s.dst + i * kSize); });
}

template <class Op, class T>
constexpr Reduction reduction_of() {
  Reduction all{rows<Op, T>, down<Op, T>,    along<Op, T>, nullptr,
                nullptr,     windows<Op, T>, nullptr,      nullptr};
  if constexpr (Op::kOfCnns && kHasFractions<T>) all.planes = planes<Op, T>;
  if constexpr (kOfCnns<Op, T>) all.squares = squares<Op, T>;
  if constexpr (kOfImages<T>) all.slide = slide<Op, T>, all.slide_along = slide_along<Op, T>;
  return all;
}

// What becomes of sums and the factor of their position; inverse: that of the factor.
struct Quotient {
  template <class T, int N>
  static CCONV_INLINE Vec<T, N> apply(Vec<T, N> y, Vec<T, N> factor, Vec<T, N> inverse) {
    return quotient(y, factor, inverse);
  }
};
struct Product {
  template <class T, int N>
  static CCONV_INLINE Vec<T, N> apply(Vec<T, N> y, Vec<T, N> factor, Vec<T, N>) {
    return y * factor;
  }
};

// row[i] = of(row[i], i) for i < count, a vector's at a time.
template <class T, int N, class Of>
CCONV_INLINE void scale_run(std::byte* row, std::int64_t i, std::int64_t count, Of of) {
  constexpr std::int64_t kSize = sizeof(T);
  for (; i + N <= count; i += N) {
    std::byte* const at = row + i * kSize;
    of(from_zero(Vec<T, N>::load(at)), i).store(at);
  }
  if constexpr (N > 1) {
    if (i < count) scale_run<T, N / 2>(row, i, count, of);
  }
}

template <class Op, class T>
void scale(std::byte* row, const T* factors, std::int64_t positions, std::int64_t inner) {
  constexpr int N = V<T>::kLanes;
  if (inner == 1)
    return scale_run<T, N>(row, 0, positions, [=](auto y, std::int64_t i) {
      const auto factor = decltype(y)::load(factors + i);
      return Op::apply(y, factor, decltype(y)::fill(1) / factor);
    });
  const auto step = inner * static_cast<std::int64_t>(sizeof(T));
  for (std::int64_t o = 0; o < positions; ++o) {
    const T factor = factors[o], inverse = 1 / factor;
    scale_run<T, N>(row + o * step, 0, inner, [=](auto y, std::int64_t) {
      return Op::apply(y, decltype(y)::fill(factor), decltype(y)::fill(inverse));
    });
  }
}

constexpr Kernels make_kernels() {
  Kernels kernels{};
#define CCONV_ENTRY(name, T, Ordered)                                           \
  kernels.maximum[static_cast<int>(Type::name)] = reduction_of<Maximum, T>();   \
  kernels.minimum[static_cast<int>(Type::name)] = reduction_of<Minimum, T>();   \
  kernels.search[static_cast<int>(Type::name)] = search<Ordered>;               \
  kernels.search_planes[static_cast<int>(Type::name)] = search_planes<Ordered>; \
  kernels.keep_larger[static_cast<int>(Type::name)] = keep_larger<Ordered>;
  CCONV_ENTRY(boolean, std::uint8_t, std::uint8_t)
  CCONV_ENTRY(int8, std::int8_t, std::uint8_t)
  CCONV_ENTRY(uint8, std::uint8_t, std::uint8_t)
  CCONV_ENTRY(int16, std::int16_t, std::uint16_t)
  CCONV_ENTRY(uint16, std::uint16_t, std::uint16_t)
  CCONV_ENTRY(int32, std::int32_t, std::uint32_t)
  CCONV_ENTRY(uint32, std::uint32_t, std::uint32_t)
  CCONV_ENTRY(int64, std::int64_t, std::uint64_t)
  CCONV_ENTRY(uint64, std::uint64_t, std::uint64_t)
  CCONV_ENTRY(float32, float, float)
  CCONV_ENTRY(float64, double, double)
#undef CCONV_ENTRY
  kernels.sum_float32 = reduction_of<Sum, float>();
  kernels.sum_float64 = reduction_of<Sum, double>();
  kernels.divide_float32 = scale<Quotient, float>;
  kernels.divide_float64 = scale<Quotient, double>;
  kernels.multiply_float32 = scale<Product, float>;
  kernels.multiply_float64 = scale<Product, double>;
  return kernels;
}

}  // namespace

const Kernels CCONV_LEVEL::slice = make_kernels();

}  // namespace cconv::pooling
