// The inner loops of sums of equal terms, and of sums of bytes.
// In: rows of input.  Out: rows of sums, or bytes.
#include "algorithms/separable/kernel.h"

#include CCONV_LEVEL_HEADER
#include "algorithms/rows/sliding.h"
#include "isa/transpose.h"

namespace cconv::separable {
namespace {

// Terms are products with one weight.
template <class T>
struct Weighted {
  V<T> weight;

  CCONV_INLINE V<T> first(V<T> x) const { return fma(x, weight, V<T>::fill(0)); }
  CCONV_INLINE V<T> add(V<T> y, V<T> x) const { return fma(x, weight, y); }
  CCONV_INLINE V<T> join(V<T> a, V<T> b) const { return a + b; }
};

template <class T>
void slide(const Slide<T>& s) {
  rows::slide<V<T>, T>(s.rows, s.height, s.outputs, s.columns, s.sums, s.sums_pitch, s.scratch,
                       Weighted<T>{V<T>::fill(s.weight)});
}

constexpr std::int64_t kWord = sizeof(std::uint16_t);

// As equal_along, by windows that slide in registers.
template <class T, class Window, class A, class Store>
CCONV_INLINE void slide_rows(const A& a, const Window& window, Store store) {
  static_assert(Window::kAhead * sizeof(V<T>) <= kBehind);
  for (std::int64_t r = 0; r < a.outputs; ++r)
    rows::slide_in_registers<V<T>, T>(a.rows + r * a.rows_pitch, window, a.columns,
                                      Weighted<T>{V<T>::fill(1)},
                                      [=](V<T> y, std::int64_t i) { store(y, r, i); });
}

template <int... kWidths>
struct Widths {};
using KnownWidths = Widths<7, 9, 11, 13, 15, 17, 19, 21>;

// As equal_along, if windows of this step are of one of these widths.
template <class T, int kStep, int... kWidths, class A, class Store>
CCONV_INLINE bool known_along(const A& a, Store store, Widths<kWidths...>) {
  const auto is = [&](auto width) {
    constexpr int kWidth = decltype(width)::kCount;
    if (a.width != kWidth) return false;
    slide_rows<T>(a, rows::KnownWindow<V<T>, T, kWidth, kStep>{}, store);
    return true;
  };
  return a.step == kStep && (is(rows::Some<kWidths>{}) || ...);
}

// As equal_along, if windows can slide in registers.
template <class T, class A, class Store>
CCONV_INLINE bool along_in_registers(const A& a, Store store) {
  constexpr bool kWords = sizeof(T) == kWord, kFloats = kHasFractions<T>;
  if constexpr (kShiftsLanes && (kFloats || kWords)) {
    using Parts = rows::Parts<V<T>, kWords ? 4 : 3, kWords ? 4 : 5>;
    if (!Parts::fit(a.width, a.step)) return false;
    slide_rows<T>(a, Parts::of(a.width, a.step), store);
    return true;
  } else if constexpr (V<T>::kLanes >= 4 && (kFloats || kWords)) {
    if (known_along<T, 1>(a, store, KnownWidths{})) return true;
    constexpr int kColors = 3;
    if constexpr (V<T>::kLanes > 2 * kColors)
      return known_along<T, kColors>(a, store, KnownWidths{});
  }
  return false;
}

// Calls store(y, r, i) for vectors y of sums that cover all rows.  A: an Along, or BytesAlong.
template <class T, class A, class Store>
CCONV_INLINE void equal_along(const A& a, Store store) {
  constexpr std::int64_t kSize = sizeof(T), kLanes = V<T>::kLanes;
  const std::int64_t piece = along_piece(a.width, a.step);
  const Weighted<T> plain{V<T>::fill(1)};
  if (along_in_registers<T>(a, store)) return;
  for (std::int64_t r = 0; r < a.outputs; ++r) {
    for (std::int64_t i = 0; i < a.columns; i += piece) {
      const std::int64_t left = a.columns - i, from = left < kLanes ? a.columns - kLanes : i;
      const std::int64_t count = left < kLanes ? kLanes : left < piece ? left : piece;
      rows::slide_along<V<T>, T, false>(a.rows + r * a.rows_pitch + from * kSize, a.width, a.step,
                                        count, a.scratch, along_pitch(a.width, a.step) * kSize,
                                        plain,
                                        [=](V<T> y, std::int64_t at) { store(y, r, from + at); });
    }
  }
}

template <class T>
void along(const Along<T>& a) {
  constexpr std::int64_t kSize = sizeof(T);
  const V<T> bias = V<T>::fill(a.bias);
  equal_along<T>(a, [&](V<T> y, std::int64_t r, std::int64_t i) {
    (y + bias).store(a.sums + r * a.sums_pitch + i * kSize);
  });
}

using Words = V<std::uint16_t>;

// Sums of kTaps weighted bytes, kRows neighbouring rows at once: a row is widened once for all.
template <int kTaps, int kRows>
CCONV_INLINE void bytes_down_rows(const BytesDown& d, const Words (&weights)[kTaps],
                                  std::int64_t r) {
  rows::each_vector<Words::kLanes>(d.columns, [&](std::int64_t i) {
    Words y[kRows];
#pragma GCC unroll 16
    for (int q = 0; q < kRows + kTaps - 1; ++q) {
      const Words x = words_of_bytes(d.rows[r + q] + i);
#pragma GCC unroll 16
      for (int j = 0; j < kRows; ++j) {
        const int k = q - j;
        if (k == 0) y[j] = weights[0] * x;
        if (k > 0 && k < kTaps) y[j] = y[j] + weights[k] * x;
      }
    }
#pragma GCC unroll 16
    for (int j = 0; j < kRows; ++j) y[j].store(d.sums + (r + j) * d.sums_pitch + i * kWord);
  });
}

template <int kTaps>
void few_bytes_down(const BytesDown& d) {
  constexpr int kRows = 4;
  Words weights[kTaps];
  for (int k = 0; k < kTaps; ++k) weights[k] = Words::fill(d.weights[k]);
  std::int64_t r = 0;
  for (; r + kRows <= d.outputs; r += kRows) bytes_down_rows<kTaps, kRows>(d, weights, r);
  for (; r < d.outputs; ++r) bytes_down_rows<kTaps, 1>(d, weights, r);
}

// Row r of sums, from its terms.
CCONV_INLINE void many_bytes_down(const BytesDown& d, std::int64_t r) {
  const std::byte* const* const rows = d.rows + r * d.row_stride;
  rows::each_vector<Words::kLanes>(d.columns, [&](std::int64_t i) {
    Words y = Words::fill(0);
    for (std::int64_t k = 0; k < d.height; ++k) {
      const Words x = words_of_bytes(rows[k] + i);
      y = y + (d.weights == nullptr ? x : Words::fill(d.weights[k]) * x);
    }
    y.store(d.sums + r * d.sums_pitch + i * kWord);
  });
}

// Row r of sums, from the one before.
CCONV_INLINE void next_bytes_down(const BytesDown& d, std::int64_t r) {
  const std::byte *const in = d.rows[r + d.height - 1], *const out = d.rows[r - 1];
  std::byte* const sums = d.sums + r * d.sums_pitch;
  for (std::int64_t i = 0; i < d.columns; i += Words::kLanes) {
    if (i + Words::kLanes > d.columns) i = d.columns - Words::kLanes;
    const Words y = Words::load(sums - d.sums_pitch + i * kWord);
    (y + words_of_bytes(in + i) - words_of_bytes(out + i)).store(sums + i * kWord);
  }
}

void bytes_down(const BytesDown& d) {
  const bool shares = d.row_stride == 1;
  if (d.weights != nullptr && shares && d.height == 3) return few_bytes_down<3>(d);
  if (d.weights != nullptr && shares && d.height == 5) return few_bytes_down<5>(d);
  const bool has_sums_in_common = d.weights == nullptr && shares;
  for (std::int64_t r = 0; r < d.outputs; ++r)
    has_sums_in_common&& r > 0 ? next_bytes_down(d, r) : many_bytes_down(d, r);
}

// How sums become bytes.
struct Shifted {
  int shift;  // at least 1
  CCONV_INLINE void store(Words y, std::byte* to) const {
    const Words below_half = Words::fill(static_cast<std::uint16_t>((1 << (shift - 1)) - 1));
    store_bytes((y + below_half + ((y >> shift) & Words::fill(1))) >> shift, to);
  }
};
struct Whole {
  CCONV_INLINE void store(Words y, std::byte* to) const { store_bytes(y, to); }
};
struct Divided {
  Quotient by;
  CCONV_INLINE void store(Words y, std::byte* to) const {
    store_bytes(high_product(y + Words::fill(by.half), Words::fill(by.factor)) >> by.shift, to);
  }
};
struct Scaled {
  float scale;
  CCONV_INLINE void store(Words y, std::byte* to) const { store_scaled_bytes(y, scale, to); }
};

// kTaps: of that many, or 0.
template <int kTaps, class Finish>
void weighted_bytes_along(const BytesAlong& a, Finish finish) {
  const std::int64_t taps = kTaps > 0 ? kTaps : a.width, step = a.step * kWord;
  Words weights[kTaps > 0 ? kTaps : 1];
  for (int k = 0; k < kTaps; ++k)
    weights[k] = Words::fill(a.weights == nullptr ? std::uint16_t(1) : a.weights[k]);
  for (std::int64_t r = 0; r < a.outputs; ++r) {
    const std::byte* const row = a.rows + r * a.rows_pitch;
    std::byte* const to = a.dst + r * a.dst_pitch;
    rows::each_vector<Words::kLanes>(a.columns, [&](std::int64_t i) {
      const std::byte* at = row + i * kWord;
      Words y = Words::fill(0);
#pragma GCC unroll 8
      for (std::int64_t k = 0; k < taps; ++k, at += step) {
        const Words weight = kTaps > 0 ? weights[k] : Words::fill(a.weights[k]);
        y = y + weight * Words::load(at);
      }
      finish.store(y, to + i);
    });
  }
}

template <class Finish>
void finished_bytes_along(const BytesAlong& a, Finish finish) {
  if (a.width == 3) return weighted_bytes_along<3>(a, finish);
  if (a.width == 5) return weighted_bytes_along<5>(a, finish);
  if (a.weights != nullptr) return weighted_bytes_along<0>(a, finish);
  equal_along<std::uint16_t>(a, [&](Words y, std::int64_t r, std::int64_t i) {
    finish.store(y, a.dst + r * a.dst_pitch + i);
  });
}

// scale * (low + 65536 * high) of each lane.
template <int N>
CCONV_INLINE void store_scaled_bytes(Vec<std::uint16_t, N> low, Vec<std::uint16_t, N> high,
                                     float scale, std::byte* to) {
  constexpr int kBytes = 16;  // that are made at once
  float sums[N > kBytes ? N : kBytes] = {};
  if constexpr (N > 1) {
    using Ints = Vec<std::int32_t, N / 2>;
    using Floats = Vec<float, N / 2>;
    const auto scaled = [=](Vec<std::uint16_t, N> pairs) {
      const Ints y{reinterpret_cast<typename Ints::Native>(pairs.v)};
      return Floats{__builtin_convertvector(y.v, typename Floats::Native)} * Floats::fill(scale);
    };
    using All = typename FirstLanes<N>::type;
    scaled(zip<0>(low, high, All{})).store(sums);
    scaled(zip<1>(low, high, All{})).store(sums + N / 2);
  } else {
    sums[0] = static_cast<float>(low.v[0] + 65536 * high.v[0]) * scale;
  }
  std::byte bytes[kBytes];
  for (int i = 0; i < N; i += kBytes)
    narrow_to_bytes(reinterpret_cast<const std::byte*>(sums + i), N < kBytes ? bytes : to + i);
  for (int i = 0; N < kBytes && i < N; ++i) to[i] = bytes[i];
}

// Sums that do not fit: of parts that do, and how often these wrapped.
void wide_bytes_along(const BytesAlong& a) {
  const std::int64_t piece = along_piece(a.width, a.step), pitch = along_pitch(a.width, a.step);
  const Weighted<std::uint16_t> plain{Words::fill(1)};
  for (std::int64_t r = 0; r < a.outputs; ++r) {
    for (std::int64_t begin = 0; begin < a.columns; begin += piece) {
      const std::int64_t left = a.columns - begin, count = left < piece ? left : piece;
      const std::int64_t all = count < Words::kLanes ? Words::kLanes : count;
      const std::int64_t from = begin + count - all;
      const std::byte* parts[rows::kMostParts];
      const int n = rows::parts_along<Words, std::uint16_t, false>(
          a.rows + r * a.rows_pitch + from * kWord, a.width, a.fitting, a.step, all, a.scratch,
          pitch * kWord, plain, parts);
      rows::each_vector<Words::kLanes>(all, [&](std::int64_t i) {
        Words low = Words::load(parts[0] + i * kWord), high = Words::fill(0);
        for (int p = 1; p < n; ++p) {
          const Words x = Words::load(parts[p] + i * kWord);
          low = low + x;
          high = high - Words{reinterpret_cast<Words::Native>((low < x).v)};
        }
        store_scaled_bytes(low, high, a.scale, a.dst + r * a.dst_pitch + from + i);
      });
    }
  }
}

void bytes_along(const BytesAlong& a) {
  if (a.fitting < a.width) return wide_bytes_along(a);
  if (a.shift == 0) return finished_bytes_along(a, Whole{});
  if (a.shift > 0) return finished_bytes_along(a, Shifted{a.shift});
  a.quotient.factor != 0 ? finished_bytes_along(a, Divided{a.quotient})
                         : finished_bytes_along(a, Scaled{a.scale});
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {
    slide<float>,  slide<double>, slide<std::uint32_t>, slide<std::uint64_t>,
    along<float>,  along<double>, along<std::uint32_t>, along<std::uint64_t>,
    Words::kLanes, bytes_down,    bytes_along};

}  // namespace cconv::separable
