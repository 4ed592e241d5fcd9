// The inner loops of the general engine: a register tile of pixels x vectors of output channels.
// In: addresses of pixels under each tap, packed weights.  Out: rows of sums.
#include "algorithms/gemm/kernel.h"

#include CCONV_LEVEL_HEADER
#include "isa/transpose.h"

namespace cconv::gemm {
namespace {

template <class T>
constexpr std::int64_t kVectorSize = V<T>::kLanes * sizeof(T);

// kPixels x kVectors accumulators stay in registers over all terms of the block; each term costs
// kVectors loads and kPixels broadcasts for kPixels * kVectors multiply-adds.
template <class T, int kVectors, int kPixels>
void tile(const Block<T>& block, std::int64_t p) {
  V<T> sum[kPixels][kVectors];
  const bool first = block.bias != nullptr;
#pragma GCC unroll 64
  for (int j = 0; j < kVectors; ++j) {
    const V<T> from = first ? V<T>::load(block.bias + j * kVectorSize<T>) : V<T>::fill(0);
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i) sum[i][j] = from;
  }

  const std::byte* weights = block.weights;
  const std::byte* const* pixels = block.pixels + p;
  const std::int64_t channels = block.channels;
  for (std::int64_t t = 0; t < block.taps; ++t) {
    const std::byte* x[kPixels];
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i) x[i] = pixels[i] + block.skip;
    const auto term = [&](std::int64_t c) __attribute__((always_inline)) {
      V<T> w[kVectors];
#pragma GCC unroll 64
      for (int j = 0; j < kVectors; ++j) w[j] = V<T>::load(weights + j * kVectorSize<T>);
      weights += kVectors * kVectorSize<T>;
#pragma GCC unroll 64
      for (int i = 0; i < kPixels; ++i) {
        const V<T> xi = V<T>::fill(load_one<T>(x[i] + c * sizeof(T)));
#pragma GCC unroll 64
        for (int j = 0; j < kVectors; ++j) sum[i][j] = fma(xi, w[j], sum[i][j]);
      }
    };
    if constexpr (kHasFractions<T>) {
#pragma GCC unroll 2
      for (std::int64_t c = 0; c < channels; ++c) term(c);
    } else {  // bound by the multiplications
      for (std::int64_t c = 0; c < channels; ++c) term(c);
    }
    pixels += block.pitch;
  }

  const std::int64_t pitch = block.sums_pitch;
  std::byte* row = block.sums + p * pitch;
  if (!first) {
    const std::byte* before = row;
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i, before += pitch) {
#pragma GCC unroll 64
      for (int j = 0; j < kVectors; ++j)
        sum[i][j] = V<T>::load(before + j * kVectorSize<T>) + sum[i][j];
    }
  }
  rows::bound(block.bounds, sum);
#pragma GCC unroll 64
  for (int i = 0; i < kPixels; ++i, row += pitch) {
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) sum[i][j].store(row + j * kVectorSize<T>);
  }
}

// Pixels of a tile: what the registers hold beside the weights' vectors and one broadcast, and no
// more than there are addresses at hand; fewer where each product takes another address, and of
// integers, which are bound by their multiplications.
template <class T>
constexpr int pixels_for(int vectors) {
  const int most = kHasFractions<T> && vectors > 1 ? 14 : 8;
  const int pixels = (kRegisters - vectors - 1) / vectors;
  return pixels < most ? pixels : most;
}

template <class T>
using Tile = void (*)(const Block<T>&, std::int64_t);

// tiles[n - 1]: the tile of n pixels.
template <class T, int kVectors, int... kBefore>
constexpr auto tiles_of(Lanes<kBefore...>) {
  struct Tiles {
    Tile<T> of[sizeof...(kBefore)];
  };
  return Tiles{{tile<T, kVectors, kBefore + 1>...}};
}

// Tiles of a block differ by one pixel at most, so that none is much smaller than the others.
template <class T, int kVectors>
void panel(const Block<T>& block) {
  constexpr int kPixels = pixels_for<T>(kVectors);
  static constexpr auto kTiles = tiles_of<T, kVectors>(typename FirstLanes<kPixels>::type{});
  const std::int64_t tiles = (block.positions + kPixels - 1) / kPixels;
  std::int64_t p = 0;
  for (std::int64_t left = tiles; left > 0; --left) {
    const std::int64_t pixels = (block.positions - p + left - 1) / left;
    kTiles.of[pixels - 1](block, p);
    p += pixels;
  }
}

template <class T, int kVectors = kGemmVectors>
void multiply(const Block<T>& block) {
  if (block.vectors == kVectors) return panel<T, kVectors>(block);
  if constexpr (kVectors > 1) multiply<T, kVectors - 1>(block);
}

template <class T>
void pack(const Packing<T>& p) {
  const std::int64_t channels = p.terms / p.taps;
  const auto row_of = [&](std::int64_t k) {
    const std::int64_t row = p.taps == 1 ? k : k % p.taps * channels + k / p.taps;
    return reinterpret_cast<std::byte*>(p.packed + row * p.pitch);
  };
  if (p.channels < V<T>::kLanes)
    for (std::int64_t k = 0; k < p.terms; ++k) V<T>::fill(0).store(row_of(k));
  copy_transposed<T, V<T>::kLanes>(p.weights, p.stride, p.channels, p.terms, row_of);
}

template <class T>
constexpr KernelsOf<T> kernels_of() {
  return {V<T>::kLanes, multiply<T>, pack<T>};
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {kGemmVectors, kernels_of<float>(), kernels_of<double>(),
                                    kernels_of<std::uint32_t>(), kernels_of<std::uint64_t>()};

}  // namespace cconv::gemm
