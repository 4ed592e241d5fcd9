// Maxima, sums and norms: rows of input to one row, then windows along that row.
#include "algorithms/pooling/kernel.h"

#include CCONV_LEVEL_HEADER

namespace cconv::pooling {
namespace {

// The larger one; a NaN where there is one.
struct Maximum {
  template <class T, int N>
  static CCONV_INLINE Vec<T, N> apply(Vec<T, N> a, Vec<T, N> b) {
    if constexpr (kHasFractions<T>)
      return select(b != b, b, max(b, a));
    else
      return max(b, a);
  }
};

struct Sum {
  template <class T, int N>
  static CCONV_INLINE Vec<T, N> apply(Vec<T, N> a, Vec<T, N> b) {
    return a + b;
  }
};

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

// Elements [i, count) of a run: vectors of N lanes, then of fewer.
template <class Op, class T, int N>
CCONV_INLINE void rows_run(const Rows& a, std::int64_t at, std::byte* dst, std::int64_t i) {
  constexpr std::int64_t kSize = sizeof(T);
  for (; i + N <= a.count; i += N) rows_block<Op, T, N, 1>(a, at + i * kSize, dst + i * kSize);
  if constexpr (N > 1) {
    if (i < a.count) rows_run<Op, T, N / 2>(a, at, dst, i);
  }
}

template <class Op, class T>
void rows(const Rows& a) {
  constexpr int N = V<T>::kLanes, kVectors = 4;
  constexpr std::int64_t kSize = sizeof(T);
  for (std::int64_t run = 0; run < a.runs; ++run) {
    const std::int64_t at = run * a.run_step;
    std::byte* const dst = a.dst + run * a.count * kSize;
    std::int64_t i = 0;
    for (; i + kVectors * N <= a.count; i += kVectors * N)
      rows_block<Op, T, N, kVectors>(a, at + i * kSize, dst + i * kSize);
    rows_run<Op, T, N>(a, at, dst, i);
  }
}

// One vector of results, whose taps load(t) gives.
template <class Op, class T, int N, class Load>
CCONV_INLINE void along_block(const Along& a, std::byte* dst, Load load) {
  Vec<T, N> y = load(0);
  for (std::int64_t t = 1; t < a.taps; ++t) y = Op::apply(y, load(t));
  if (!a.first) y = Op::apply(Vec<T, N>::load(dst), y);
  y.store(dst);
}

// Results [i, count) whose taps are neighbours as they are themselves.
template <class Op, class T, int N>
CCONV_INLINE void along_run(const Along& a, const std::byte* src, std::byte* dst, std::int64_t i,
                            std::int64_t count) {
  constexpr std::int64_t kSize = sizeof(T);
  const std::int64_t step = a.step * a.inner * kSize;
  for (; i + N <= count; i += N) {
    const std::byte* const from = src + i * kSize;
    along_block<Op, T, N>(a, dst + i * kSize,
                          [=](std::int64_t t) { return Vec<T, N>::load(from + t * step); });
  }
  if constexpr (N > 1) {
    if (i < count) along_run<Op, T, N / 2>(a, src, dst, i, count);
  }
}

// Results [i, positions) of stride 2: each vector is the even elements of two that overlap by one,
// so that nothing behind the last window is read.
template <class Op, class T, int N>
CCONV_INLINE void along_pairs(const Along& a, std::int64_t i) {
  constexpr std::int64_t kSize = sizeof(T);
  const std::int64_t step = a.step * kSize;
  for (; i + N <= a.positions; i += N) {
    const std::byte* const from = a.src + 2 * i * kSize;
    along_block<Op, T, N>(a, a.dst + i * kSize, [=](std::int64_t t) {
      const std::byte* const pairs = from + t * step;
      return evens(Vec<T, N>::load(pairs), Vec<T, N>::load(pairs + (N - 1) * kSize));
    });
  }
  if constexpr (N > 1) {
    if (i < a.positions) along_pairs<Op, T, N / 2>(a, i);
  }
}

template <class Op, class T>
void along(const Along& a) {
  constexpr int N = V<T>::kLanes;
  constexpr std::int64_t kSize = sizeof(T);
  if (a.stride == 1 || a.positions == 1)
    return along_run<Op, T, N>(a, a.src, a.dst, 0, a.positions * a.inner);
  if (a.stride == 2 && a.inner == 1) return along_pairs<Op, T, N>(a, 0);
  for (std::int64_t o = 0; o < a.positions; ++o)
    along_run<Op, T, N>(a, a.src + o * a.stride * a.inner * kSize, a.dst + o * a.inner * kSize, 0,
                        a.inner);
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
    if (column < a.columns) plane_rows<Op, T, N / 2>(a, plane, column, row);
  }
}

template <class Op, class T>
void planes(const Planes& a) {
  constexpr int N = V<T>::kLanes;
  constexpr std::int64_t kSize = sizeof(T);
  using One = Vec<T, 1>;
  std::byte row[(kMostColumns + N) * kSize];
  for (std::int64_t p = 0; p < a.planes; ++p) {
    plane_rows<Op, T, N>(a, p, 0, row);
    One y = One::load(row);
    for (std::int64_t c = 1; c < a.columns; ++c) y = Op::apply(y, One::load(row + c * kSize));
    y.store(a.dst + p * kSize);
  }
}

// Where x takes the place of the maximum y: the first of equals stays, and the first NaN.
template <class T, int N>
CCONV_INLINE typename Vec<T, N>::Mask beats(Vec<T, N> x, Vec<T, N> y) {
  if constexpr (kHasFractions<T>)
    return select(y != y, Vec<T, N>::Mask::fill(0), (x > y) | (x != x));
  else
    return x > y;
}

// N windows at once, whose taps load(t) gives; those of lane j have the indices
// index + j*lane_step + t*step.
template <class T, int N, class Load>
CCONV_INLINE void search_block(const Taps& taps, std::int64_t index, std::int64_t lane_step,
                               std::byte* values, std::int64_t* indices, Load load) {
  using Tap = typename Vec<T, N>::Mask;  // a tap's number in as many bits as its value
  constexpr std::int64_t kMost = 128;    // numbers that 8 bits hold
  for (std::int64_t begin = 0; begin < taps.count; begin += kMost) {
    const std::int64_t count = taps.count - begin < kMost ? taps.count - begin : kMost;
    Vec<T, N> y = Vec<T, N>::load(values);
    Tap tap = Tap::fill(-1);
    for (std::int64_t t = 0; t < count; ++t) {
      const Vec<T, N> x = load(begin + t);
      const typename Vec<T, N>::Mask better = beats(x, y);
      y = select(better, x, y);
      tap = select(better, Tap::fill(static_cast<Bits<T>>(t)), tap);
    }
    y.store(values);
    Bits<T> taps_won[N];
    tap.store(taps_won);
    for (int j = 0; j < N; ++j) {
      const std::int64_t won = index + j * lane_step + (begin + taps_won[j]) * taps.step;
      indices[j] = taps_won[j] < 0 ? indices[j] : won;
    }
  }
}

// Channels [c, inner) of window o.
template <class T, int N>
CCONV_INLINE void search_channels(const Search& a, std::int64_t o, std::int64_t c) {
  constexpr std::int64_t kSize = sizeof(T);
  const Taps taps = a.taps[o];
  const std::int64_t step = taps.step * a.inner * kSize;
  for (; c + N <= a.inner; c += N) {
    const std::byte* const from = a.src + (taps.first * a.inner + c) * kSize;
    const std::int64_t at = o * a.inner + c;
    search_block<T, N>(taps, a.index + taps.first, 0, a.values + at * kSize, a.indices + at,
                       [=](std::int64_t t) { return Vec<T, N>::load(from + t * step); });
  }
  if constexpr (N > 1) {
    if (c < a.inner) search_channels<T, N / 2>(a, o, c);
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
    const std::byte* const from = a.src + taps.first * kSize;
    const std::int64_t step = taps.step * kSize;
    std::byte* const values = a.values + o * kSize;
    const bool fits = o + N <= a.positions;
    if (fits && alike<N>(a.taps + o, 1)) {
      search_block<T, N>(taps, a.index + taps.first, 1, values, a.indices + o,
                         [=](std::int64_t t) { return Vec<T, N>::load(from + t * step); });
      return N;
    }
    if (fits && alike<N>(a.taps + o, 2)) {
      search_block<T, N>(taps, a.index + taps.first, 2, values, a.indices + o, [=](std::int64_t t) {
        const std::byte* const pairs = from + t * step;
        return evens(Vec<T, N>::load(pairs), Vec<T, N>::load(pairs + (N - 1) * kSize));
      });
      return N;
    }
    return search_positions<T, N / 2>(a, o);
  } else {
    search_channels<T, 1>(a, o, 0);
    return 1;
  }
}

template <class T>
void search(const Search& a) {
  constexpr int N = V<T>::kLanes;
  if (a.inner == 1) {
    for (std::int64_t o = 0; o < a.positions;) o += search_positions<T, N>(a, o);
  } else {
    for (std::int64_t o = 0; o < a.positions; ++o) search_channels<T, N>(a, o, 0);
  }
}

// row[i] /= divisor(i) for i < count, a vector's at a time.
template <class T, int N, class Divisor>
CCONV_INLINE void divide_run(std::byte* row, std::int64_t i, std::int64_t count, Divisor divisor) {
  constexpr std::int64_t kSize = sizeof(T);
  for (; i + N <= count; i += N) {
    const Vec<T, N> y = Vec<T, N>::load(row + i * kSize) / divisor.template at<N>(i);
    y.store(row + i * kSize);
  }
  if constexpr (N > 1) {
    if (i < count) divide_run<T, N / 2>(row, i, count, divisor);
  }
}

template <class T>
struct Each {
  const T* divisors;
  template <int N>
  CCONV_INLINE Vec<T, N> at(std::int64_t i) const {
    return Vec<T, N>::load(divisors + i);
  }
};

template <class T>
struct Same {
  T divisor;
  template <int N>
  CCONV_INLINE Vec<T, N> at(std::int64_t) const {
    return Vec<T, N>::fill(divisor);
  }
};

template <class T>
void divide(std::byte* row, const T* divisors, std::int64_t positions, std::int64_t inner) {
  constexpr int N = V<T>::kLanes;
  if (inner == 1) return divide_run<T, N>(row, 0, positions, Each<T>{divisors});
  const auto step = inner * static_cast<std::int64_t>(sizeof(T));
  for (std::int64_t o = 0; o < positions; ++o)
    divide_run<T, N>(row + o * step, 0, inner, Same<T>{divisors[o]});
}

constexpr Kernels make_kernels() {
  Kernels kernels{};
#define CCONV_ENTRY(name, T)                                                            \
  kernels.maximum[static_cast<int>(Type::name)] = {rows<Maximum, T>, along<Maximum, T>, \
                                                   planes<Maximum, T>};                 \
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
  kernels.sum_float32 = {rows<Sum, float>, along<Sum, float>, planes<Sum, float>};
  kernels.sum_float64 = {rows<Sum, double>, along<Sum, double>, planes<Sum, double>};
  kernels.divide_float32 = divide<float>;
  kernels.divide_float64 = divide<double>;
  return kernels;
}

}  // namespace

const Kernels CCONV_LEVEL::slice = make_kernels();

}  // namespace cconv::pooling
