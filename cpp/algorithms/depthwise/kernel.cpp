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

#pragma GCC unroll 64
  for (int i = 0; i < kPixels; ++i) {
    std::byte* const to = block.sums + (p + i) * block.sums_pitch + skip;
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j)
      (V<T>::load(block.weights + skip + j * kVectorSize) + sum[i][j]).store(to + j * kVectorSize);
  }
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
  std::int64_t c = 0;
  for (; c + 2 * kLanes <= block.channels; c += 2 * kLanes) column<T, 2>(block, c);
  for (; c + kLanes <= block.channels; c += kLanes) column<T, 1>(block, c);
  if (c < block.channels) column<T, 1>(block, block.channels - kLanes);
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {V<float>::kLanes, V<double>::kLanes,     filter<float>,
                                    filter<double>,   filter<std::uint32_t>, filter<std::uint64_t>};

}  // namespace cconv::depthwise
