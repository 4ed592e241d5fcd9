// Maxima, sums and norms: rows of input to one row, then windows along that row.
#include "algorithms/pooling/kernel.h"

#include CCONV_LEVEL_HEADER
#include "algorithms/rows/sliding.h"
#include "isa/transpose.h"

namespace cconv::pooling {
namespace {

// The larger or the smaller one; a NaN where there is one.
template <bool kLarger>
struct Extreme {
  static constexpr bool kDivides = false, kOfCnns = kLarger;
  template <class T, int N>
  static CCONV_INLINE Vec<T, N> apply(Vec<T, N> a, Vec<T, N> b) {
    return kLarger ? larger(a, b) : smaller(a, b);
  }
};
using Maximum = Extreme<true>;
using Minimum = Extreme<false>;

struct Sum {
  static constexpr bool kDivides = true, kOfCnns = true;  // means
  template <class T, int N>
  static CCONV_INLINE Vec<T, N> apply(Vec<T, N> a, Vec<T, N> b) {
    return a + b;
  }
};

// y / divisor by its inverse, corrected by what is left, in a quarter of a division's time and
// rounded as one (P. Markstein, "Computation of elementary functions on the IBM RISC System/6000
// processor", 1990); halfway between two numbers below the least normal one it may differ, in
// vectors of every length alike.  Where nothing finite is left there is nothing to correct.
template <class T, int N>
CCONV_INLINE Vec<T, N> quotient(Vec<T, N> y, Vec<T, N> divisor, Vec<T, N> inverse) {
  if constexpr (!kFuses) {
    return y / divisor;
  } else if constexpr (N * sizeof(T) < 16) {  // less than any level's fma
    const auto fma_one = [](T a, T b, T c) -> T {
      return sizeof(T) == 4 ? __builtin_fmaf(a, b, c) : __builtin_fma(a, b, c);
    };
    Vec<T, N> result;
#pragma GCC unroll 8
    for (int i = 0; i < N; ++i) {
      const T quick = y.v[i] * inverse.v[i], left = fma_one(quick, -divisor.v[i], y.v[i]);
      result.v[i] = left == left ? fma_one(left, inverse.v[i], quick) : quick;
    }
    return result;
  } else {
    const Vec<T, N> quick = y * inverse, left = fma(quick, -divisor, y);
    return select(left == left, fma(left, inverse, quick), quick);
  }
}

// A sum as if it had begun at zero: never a negative zero.
template <class T, int N>
CCONV_INLINE Vec<T, N> from_zero(Vec<T, N> sum) {
  return sum + Vec<T, N>::fill(0);
}

// Types that images have; the kernels of the others are small.  Maxima and means of CNNs are of
// float32: they have kernels for the windows that these have.
template <class T>
constexpr bool kOfImages = kHasFractions<T> || (sizeof(T) <= 2 && T(-1) > T(0));
template <class Op, class T>
constexpr bool kOfCnns = Op::kOfCnns && kHasFractions<T> && sizeof(T) == 4;
template <class T>
constexpr int kUnrolled = kOfImages<T> ? 4 : 1;  // vectors at once

// Lanes of the vectors for what is shorter than vectors of `lanes`.
template <class T>
constexpr int shorter(int lanes) {
  return kOfImages<T> && lanes > 4 ? lanes / 4 : 1;
}
// Likewise for rows, which are often half as long.
template <class T>
constexpr int half(int lanes) {
  return kHasFractions<T> && lanes * sizeof(T) > 16 ? lanes / 2 : shorter<T>(lanes);
}

// Calls block(i, Some<n>{}) for vectors of n lanes, N or, for what is shorter, fewer, that cover
// the elements [i, count); `twice`: the last may overlap the one before.
template <class T, int N, class Block>
CCONV_INLINE void cover(std::int64_t i, std::int64_t count, bool twice, Block block) {
  for (; i + N <= count; i += N) block(i, rows::Some<N>{});
  if constexpr (N > 1) {
    if (i == count) return;
    if (twice && count >= N)
      block(count - N, rows::Some<N>{});
    else
      cover<T, half<T>(N)>(i, count, twice, block);
  }
}

// Calls add(i) for 1 <= i < count; count: kCount, or with 0 not known in advance.
template <int kCount, class Add>
CCONV_INLINE void after_first(std::int64_t count, Add add) {
  if constexpr (kCount > 0) {
#pragma GCC unroll 8
    for (int i = 1; i < kCount; ++i) add(i);
  } else {
    for (std::int64_t i = 1; i < count; ++i) add(i);
  }
}

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
__attribute__((noinline)) void squares(const Windows& a) {
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
    if (slide && a.taps == 3) return squares<Op, T, 3>(a);
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
  Reduction all{rows<Op, T>, down<Op, T>, along<Op, T>, nullptr, windows<Op, T>, nullptr, nullptr};
  if constexpr (kHasFractions<T>) all.planes = planes<Op, T>;
  if constexpr (kOfImages<T>) all.slide = slide<Op, T>, all.slide_along = slide_along<Op, T>;
  return all;
}

// Where x takes the place of the maximum y: the first of equals stays, and the first NaN.
template <class T, int N>
CCONV_INLINE typename Vec<T, N>::Mask beats(Vec<T, N> x, Vec<T, N> y) {
  if constexpr (kHasFractions<T>)
    return (x > y) | select(x != x, y == y, Vec<T, N>::Mask::fill(0));
  else
    return x > y;
}

template <class T>
constexpr bool kWidePlaces = sizeof(T) >= 4;  // those of all rows are counted in lanes of T's size

// kVectors * N windows at once, whose taps load(r, t, j) gives; those of lane i have, in row r, the
// indices index[r] + taps.first + i*lane_step + t*taps.step.
template <class T, int N, int kVectors, class Load>
CCONV_INLINE void search_block(const Search& a, const Taps& taps, std::int64_t lane_step,
                               std::int64_t out, Load load) {
  using Place = typename Vec<T, N>::Mask;                           // as many bits as a value
  constexpr std::int64_t kMost = kWidePlaces<T> ? kFarthest : 128;  // places that these hold
  std::byte* const values = a.values + out * static_cast<std::int64_t>(sizeof(T));
  std::int64_t* const indices = a.indices + out;
  if (taps.count == 0) return;
  bool first = a.first;
  Vec<T, N> y[kVectors];
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j)
    y[j] = first ? load(0, 0, j) : Vec<T, N>::load(values + j * sizeof(y[j]));
  // Places are counted from a row's first tap on; narrow ones for each row.
  const std::int64_t together = kWidePlaces<T> ? a.rows : 1;
  for (std::int64_t row = 0; row < a.rows; row += together) {
    for (std::int64_t begin = 0; begin < taps.count; begin += kMost) {
      const std::int64_t count = taps.count - begin < kMost ? taps.count - begin : kMost;
      const std::int64_t step = kWidePlaces<T> ? taps.step : 1;
      Place place[kVectors];
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) place[j] = Place::fill(first ? 0 : -1);
      for (std::int64_t r = row; r < row + together; ++r) {
        std::int64_t at = a.index[r] - a.index[row];
        for (std::int64_t t = 0; t < count; ++t, at += step) {
          const Place here = Place::fill(static_cast<Bits<T>>(at));
#pragma GCC unroll 4
          for (int j = 0; j < kVectors; ++j) {
            const Vec<T, N> x = load(r, begin + t, j);
            const Place better = beats(x, y[j]);
            y[j] = select(better, x, y[j]);
            place[j] = select(better, here, place[j]);
          }
        }
      }
      first = false;
      Bits<T> won[kVectors * N];
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) place[j].store(won + j * N);
      const std::int64_t index = a.index[row] + taps.first + begin * taps.step;
      const std::int64_t unit = kWidePlaces<T> ? 1 : taps.step;
      for (int i = 0; i < kVectors * N; ++i)
        indices[i] = won[i] < 0 ? indices[i] : index + i * lane_step + won[i] * unit;
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) y[j].store(values + j * sizeof(y[j]));
}

// Channels [c, inner) of window o.  The last vector may begin before c: what was searched once is
// as it was when it is searched again.
template <class T, int N, int kVectors>
CCONV_INLINE void search_channels(const Search& a, std::int64_t o, std::int64_t c) {
  constexpr std::int64_t kSize = sizeof(T), kStep = kVectors * N;
  const Taps taps = a.taps[o];
  const std::int64_t step = taps.step * a.pitch;
  while (c < a.inner) {
    if (c + kStep > a.inner) {
      if constexpr (kVectors > 1) return search_channels<T, N, 1>(a, o, c);
      if constexpr (N > 1) {
        if (a.inner < N) return search_channels<T, shorter<T>(N), 1>(a, o, c);
      }
      c = a.inner - N;
    }
    const std::int64_t from = taps.first * a.pitch + c * kSize;
    const auto load = [&](std::int64_t r, std::int64_t t, int j) {
      return Vec<T, N>::load(a.src[r] + from + t * step + j * N * kSize);
    };
    search_block<T, N, kVectors>(a, taps, 0, o * a.inner + c, load);
    c += kStep;
  }
}

// Whether kCount windows are alike, each `stride` positions after the one before.
template <int kCount>
CCONV_INLINE bool alike(const Taps* taps, std::int64_t stride) {
  for (int j = 1; j < kCount; ++j)
    if (taps[j].count != taps[0].count || taps[j].first != taps[0].first + j * stride) return false;
  return true;
}

// Windows from o on, in vectors of positions where N of them are alike; how many.
template <class T, int N>
CCONV_INLINE std::int64_t search_positions(const Search& a, std::int64_t o) {
  if constexpr (N > 1) {
    constexpr std::int64_t kSize = sizeof(T);
    const Taps taps = a.taps[o];
    const std::int64_t from = taps.first * kSize, step = taps.step * kSize;
    const bool fits = o + N <= a.positions;
    if (fits && alike<N>(a.taps + o, 1)) {
      search_block<T, N, 1>(a, taps, 1, o, [&](std::int64_t r, std::int64_t t, int) {
        return Vec<T, N>::load(a.src[r] + from + t * step);
      });
      return N;
    }
    if (fits && alike<N>(a.taps + o, 2)) {
      search_block<T, N, 1>(a, taps, 2, o, [&](std::int64_t r, std::int64_t t, int) {
        const std::byte* const pairs = a.src[r] + from + t * step;
        return evens(Vec<T, N>::load(pairs), Vec<T, N>::load(pairs + (N - 1) * kSize));
      });
      return N;
    }
    return search_positions<T, shorter<T>(N)>(a, o);
  } else {
    search_channels<T, 1, 1>(a, o, 0);
    return 1;
  }
}

template <class T>
void search(const Search& a) {
  constexpr int N = V<T>::kLanes;
  if (a.inner == 1 && a.pitch == sizeof(T)) {
    for (std::int64_t o = 0; o < a.positions;) o += search_positions<T, N>(a, o);
  } else {
    for (std::int64_t o = 0; o < a.positions; ++o)
      search_channels<T, N, kWidePlaces<T> ? kUnrolled<T> : 1>(a, o, 0);
  }
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
#define CCONV_ENTRY(name, T)                                                  \
  kernels.maximum[static_cast<int>(Type::name)] = reduction_of<Maximum, T>(); \
  kernels.minimum[static_cast<int>(Type::name)] = reduction_of<Minimum, T>(); \
  kernels.search[static_cast<int>(Type::name)] = search<T>;
  CCONV_ENTRY(boolean, std::uint8_t)
  CCONV_ENTRY(int8, std::int8_t)
  CCONV_ENTRY(uint8, std::uint8_t)
  CCONV_ENTRY(int16, std::int16_t)
  CCONV_ENTRY(uint16, std::uint16_t)
  CCONV_ENTRY(int32, std::int32_t)
  CCONV_ENTRY(uint32, std::uint32_t)
  CCONV_ENTRY(int64, std::int64_t)
  CCONV_ENTRY(uint64, std::uint64_t)
  CCONV_ENTRY(float32, float)
  CCONV_ENTRY(float64, double)
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
