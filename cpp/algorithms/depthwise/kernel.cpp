// The inner loops of depthwise convolution: a register tile of positions x vectors of channels.
// In: addresses of pixels under each tap, weights tap by tap.  Out: rows of sums.
#include "algorithms/depthwise/kernel.h"

#include CCONV_LEVEL_HEADER

namespace cconv::depthwise {
namespace {

// kPixels x kVectors accumulators stay in registers over all taps; each tap costs kVectors loads of
// weights and a load for each multiply-add.
template <class T, int kVectors, int kPixels>
void tile(const Block<T>& block, std::int64_t c, std::int64_t p) {
  constexpr std::int64_t kVectorSize = V<T>::kLanes * sizeof(T);
  V<T> sum[kPixels][kVectors];
#pragma GCC unroll 64
  for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) sum[i][j] = V<T>::fill(0);
  }

  const std::int64_t skip = c * sizeof(T), row = block.channels * sizeof(T);
  const std::byte* weights = block.weights + row + skip;
  const std::byte* const* pixels = block.pixels + p;
  for (std::int64_t t = 0; t < block.taps; ++t) {
    V<T> w[kVectors];
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) w[j] = V<T>::load(weights + j * kVectorSize);
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i) {
      const std::byte* const x = pixels[i] + skip;
#pragma GCC unroll 64
      for (int j = 0; j < kVectors; ++j)
        sum[i][j] = fma(V<T>::load(x + j * kVectorSize), w[j], sum[i][j]);
    }
    weights += row;
    pixels += block.pitch;
  }

  V<T> bias[kVectors];
#pragma GCC unroll 64
  for (int j = 0; j < kVectors; ++j) bias[j] = V<T>::load(block.weights + skip + j * kVectorSize);
#pragma GCC unroll 64
  for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) sum[i][j] = bias[j] + sum[i][j];
  }
  rows::bound(block.bounds, sum);
#pragma GCC unroll 64
  for (int i = 0; i < kPixels; ++i) {
    std::byte* const to = block.sums + (p + i) * block.sums_pitch + skip;
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) sum[i][j].store(to + j * kVectorSize);
  }
}

// Calls f(c) for vectors of channels, the last of which may overlap the one before.  Of many
// vectors the second begins where a line of the cache does, if that is so for all pixels: loads
// across two lines take twice as long.
template <class T, class F>
CCONV_INLINE void each_vector(std::int64_t channels, const std::byte* pixel, F f) {
  constexpr std::int64_t kLanes = V<T>::kLanes, kSize = sizeof(T), kLine = 64, kMany = 5;
  const auto address = reinterpret_cast<std::uint64_t>(pixel);
  const std::int64_t before = static_cast<std::int64_t>(-address % kLine) / kSize % kLanes;
  const bool aligns = before > 0 && channels * kSize % kLine == 0 && channels >= kMany * kLanes;
  for (std::int64_t c = 0, next = aligns ? before : kLanes;; c = next, next += kLanes) {
    f(c);
    if (c == channels - kLanes) break;
    if (next > channels - kLanes) next = channels - kLanes;
  }
}

// kPixels neighbours of a row, a vector of channels at a time: a pixel is loaded once for all taps
// of a row that look at it, kPixels * kStride + kTaps - kStride loads for kPixels * kTaps
// multiply-adds.
template <class T, int kTaps, int kStride, int kPixels>
void row_tile(const Block<T>& block, std::int64_t p) {
  constexpr int kColumns = (kPixels - 1) * kStride + kTaps;
  const std::int64_t row = block.channels * sizeof(T), taps = block.taps, pitch = block.pitch;
  const std::int64_t sums_pitch = block.sums_pitch;
  const rows::Bounds<T>& bounds = block.bounds;
  std::byte* const sums = block.sums + p * sums_pitch;
  const std::byte* const* const first = block.pixels + p;
  // What the next tile reads first of all tiles, in its last rows, is asked for: as much with each
  // vector of channels, which follow one another.
  const std::int64_t next = p + kPixels < block.positions ? kPixels : 0;
  const std::byte* asked[kStride];
  for (int r = 0; r < kStride; ++r) {
    const std::int64_t tap = taps - 1 - r * kTaps;
    asked[r] = first[(tap > 0 ? tap : 0) * pitch + next];
  }
  each_vector<T>(block.channels, first[kTaps / 2 * pitch], [&](std::int64_t c) {
    const std::int64_t skip = c * sizeof(T);
    constexpr std::int64_t kLine = 64, kAsked = kPixels * kStride * sizeof(V<T>);
#pragma GCC unroll 2
    for (int r = 0; r < kStride; ++r) {
#pragma GCC unroll 16
      for (std::int64_t line = 0; line < kAsked; line += kLine)
        __builtin_prefetch(asked[r] + skip * kPixels * kStride + line);
    }
    V<T> sum[kPixels][1];
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i) sum[i][0] = V<T>::fill(0);

    const std::byte* weights = block.weights + skip;
    const V<T> bias = V<T>::load(weights);
    weights += row;
    const std::byte* const* pixels = first;
    for (std::int64_t t = 0; t < taps; t += kTaps) {
      V<T> w[kTaps];
#pragma GCC unroll 64
      for (int k = 0; k < kTaps; ++k) w[k] = V<T>::load(weights + k * row);
#pragma GCC unroll 64
      for (int column = 0; column < kColumns; ++column) {
        const int i0 = column / kStride < kPixels ? column / kStride : kPixels - 1;
        const V<T> x = V<T>::load(pixels[(column - i0 * kStride) * pitch + i0] + skip);
#pragma GCC unroll 64
        for (int i = 0; i < kPixels; ++i) {
          const int k = column - i * kStride;
          if (k >= 0 && k < kTaps) sum[i][0] = fma(x, w[k], sum[i][0]);
        }
      }
      weights += kTaps * row;
      pixels += kTaps * pitch;
    }

#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i) sum[i][0] = bias + sum[i][0];
    rows::bound(bounds, sum);
    std::byte* to = sums + skip;
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i, to += sums_pitch) sum[i][0].store(to);
  });
}

// Positions [p, end) of a row, whose part from `begin` on is asked for.  A last tile that would be
// more than half full overlaps the one before; fewer positions take smaller tiles.
template <class T, int kTaps, int kStride, int kPixels = 8>
void row_part(const Block<T>& block, std::int64_t begin, std::int64_t end, std::int64_t p) {
  for (; p + kPixels <= end; p += kPixels) row_tile<T, kTaps, kStride, kPixels>(block, p);
  if constexpr (kPixels > 1) {
    if (p == end) return;
    if (end - p > kPixels / 2 && end - begin >= kPixels)
      return row_tile<T, kTaps, kStride, kPixels>(block, end - kPixels);
    row_part<T, kTaps, kStride, kPixels / 2>(block, begin, end, p);
  }
}

template <class T, int kTaps, int kStride>
void filter_rows(const Block<T>& block) {
  std::int64_t end = block.row - block.column;
  for (std::int64_t p = 0; p < block.positions; p = end, end += block.row)
    row_part<T, kTaps, kStride>(block, p, end < block.positions ? end : block.positions, p);
}

// All positions of kVectors vectors of channels from c; what is left over takes smaller tiles.
template <class T, int kVectors, int kPixels = 6>
void column(const Block<T>& block, std::int64_t c, std::int64_t p = 0) {
  for (; p + kPixels <= block.positions; p += kPixels) tile<T, kVectors, kPixels>(block, c, p);
  if constexpr (kPixels > 1) {
    if (p < block.positions) column<T, kVectors, kPixels / 2>(block, c, p);
  }
}

template <class T>
void filter(const Block<T>& block) {
  constexpr std::int64_t kLanes = V<T>::kLanes;
  if constexpr (kHasFractions<T>) {
    const auto is = [&](std::int64_t taps, std::int64_t stride) {
      return block.row_taps == taps && block.stride == stride;
    };
    if (is(3, 1)) return filter_rows<T, 3, 1>(block);
    if (is(3, 2)) return filter_rows<T, 3, 2>(block);
    if (is(5, 1)) return filter_rows<T, 5, 1>(block);
    if (is(5, 2)) return filter_rows<T, 5, 2>(block);
    if (is(7, 1)) return filter_rows<T, 7, 1>(block);
  }
  std::int64_t c = 0;
  for (; c + 2 * kLanes <= block.channels; c += 2 * kLanes) column<T, 2>(block, c);
  for (; c + kLanes <= block.channels; c += kLanes) column<T, 1>(block, c);
  if (c < block.channels) column<T, 1>(block, block.channels - kLanes);
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {V<float>::kLanes, V<double>::kLanes,     filter<float>,
                                    filter<double>,   filter<std::uint32_t>, filter<std::uint64_t>};

}  // namespace cconv::depthwise
