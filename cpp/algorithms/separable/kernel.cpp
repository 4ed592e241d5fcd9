// The inner loops of sums of equal terms.
// In: rows of input.  Out: rows of sums.
#include "algorithms/separable/kernel.h"

#include CCONV_LEVEL_HEADER

namespace cconv::separable {
namespace {

// ------------------------------------------------------------------------------ down the columns

// sum[j] += weight * row[at + j vectors]
template <class T, int kVectors>
CCONV_INLINE void add(const std::byte* row, V<T> weight, V<T> (&sum)[kVectors]) {
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j)
    sum[j] = fma(V<T>::load(row + j * sizeof(V<T>)), weight, sum[j]);
}

// kVectors of columns from byte `at` of their rows on.
template <class T, int kVectors>
void strip(const Slide<T>& s, std::int64_t at) {
  constexpr std::int64_t kSize = sizeof(V<T>), kBytes = kVectors * kSize;
  const V<T> weight = V<T>::fill(s.weight);
  for (std::int64_t first = 0; first < s.outputs; first += s.height) {
    const std::byte* const* const rows = s.rows + first;
    const std::int64_t left = s.outputs - first, outputs = left < s.height ? left : s.height;
    V<T> sum[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) sum[j] = V<T>::fill(0);
    for (std::int64_t q = s.height - 1; q >= 0; --q) {
      __builtin_prefetch(rows[q] + at + kBytes);
      add<T, kVectors>(rows[q] + at, weight, sum);
      if (q >= outputs) continue;
      std::byte* const to = q == 0 ? s.sums + first * s.sums_pitch + at : s.scratch + q * kBytes;
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) sum[j].store(to + j * kSize);
    }
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) sum[j] = V<T>::fill(0);
    for (std::int64_t q = 1; q < outputs; ++q) {
      add<T, kVectors>(rows[s.height + q - 1] + at, weight, sum);
      const std::byte* const end = s.scratch + q * kBytes;
      std::byte* const to = s.sums + (first + q) * s.sums_pitch + at;
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j)
        (V<T>::load(end + j * kSize) + sum[j]).store(to + j * kSize);
    }
  }
}

// The last vector may overlap the one before.
template <class T>
void slide(const Slide<T>& s) {
  constexpr int kMost = static_cast<int>(kSlideBytes / sizeof(V<T>));
  constexpr int kVectors = kMost < kRegisters / 2 ? kMost : kRegisters / 2;
  constexpr std::int64_t kLanes = V<T>::kLanes, kStep = kVectors * kLanes, kSize = sizeof(T);
  std::int64_t i = 0;
  for (; i + kStep <= s.columns; i += kStep) strip<T, kVectors>(s, i * kSize);
  for (; i + kLanes <= s.columns; i += kLanes) strip<T, 1>(s, i * kSize);
  if (i < s.columns) strip<T, 1>(s, (s.columns - kLanes) * kSize);
}

// ------------------------------------------------------------------------------ along a row

// Calls vector(i) for vectors that cover `count` elements; the last may overlap the one before.
template <int kLanes, class Vector>
CCONV_INLINE void each_vector(std::int64_t count, Vector vector) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) vector(i);
  if (i < count) vector(count - kLanes);
}

template <class T>
void along_row(const Along<T>& a, const std::byte* row, std::int64_t columns, std::byte* sums) {
  constexpr std::int64_t kSize = sizeof(T);
  constexpr int kLanes = V<T>::kLanes, kMostParts = 64;
  const std::int64_t pitch = along_pitch(a.width, a.step) * kSize;
  const std::byte* parts[kMostParts];  // of a window: sums that follow one another
  int count = 0;
  std::int64_t at = 0;  // where the next part begins
  const std::byte* from = row;
  std::byte* to = a.scratch;
  for (std::int64_t size = 1;; size *= 2) {
    if (a.width & size) {
      parts[count++] = from + at * kSize;
      at += size * a.step;
    }
    if (2 * size > a.width) break;
    const std::byte* const next = from + size * a.step * kSize;
    each_vector<kLanes>(columns + (a.width - 2 * size) * a.step, [&](std::int64_t i) {
      (V<T>::load(from + i * kSize) + V<T>::load(next + i * kSize)).store(to + i * kSize);
    });
    from = to;
    to += pitch;
  }
  const V<T> bias = V<T>::fill(a.bias);
  each_vector<kLanes>(columns, [&](std::int64_t i) {
    V<T> sum = V<T>::load(parts[0] + i * kSize);
    for (int p = 1; p < count; ++p) sum = sum + V<T>::load(parts[p] + i * kSize);
    (sum + bias).store(sums + i * kSize);
  });
}

template <class T>
void along(const Along<T>& a) {
  constexpr std::int64_t kSize = sizeof(T), kLanes = V<T>::kLanes;
  const std::int64_t piece = along_piece(a.width, a.step);
  for (std::int64_t r = 0; r < a.outputs; ++r) {
    const std::byte* const row = a.rows + r * a.rows_pitch;
    std::byte* const sums = a.sums + r * a.sums_pitch;
    std::int64_t i = 0;
    for (; i + piece <= a.columns; i += piece)
      along_row(a, row + i * kSize, piece, sums + i * kSize);
    if (i == a.columns) continue;
    if (a.columns - i < kLanes) i = a.columns - kLanes;
    along_row(a, row + i * kSize, a.columns - i, sums + i * kSize);
  }
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {slide<float>,         slide<double>,       slide<std::uint32_t>,
                                    slide<std::uint64_t>, along<float>,        along<double>,
                                    along<std::uint32_t>, along<std::uint64_t>};

}  // namespace cconv::separable
