// The inner loops of the general engine: a register tile of pixels x vectors of output channels.
// In: addresses of pixels under each tap, packed weights.  Out: rows of sums.
#include "algorithms/gemm/kernel.h"

#include CCONV_LEVEL_HEADER
#include "isa/transpose.h"

namespace cconv::gemm {
namespace {

// Accumulators of a tile, vectors W, or none.
template <class W, int kPixels, int kVectors>
struct Sums {
  static constexpr std::int64_t kSize = sizeof(W);
  W of[kPixels][kVectors];

  CCONV_INLINE void clear() {
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 64
      for (int j = 0; j < kVectors; ++j) of[i][j] = W::fill(0);
    }
  }

  // x: addresses of T, `skip` bytes before the element that is multiplied.
  template <class T>
  CCONV_INLINE void add_products(const std::byte* weights, const std::byte* const (&x)[kPixels],
                                 std::int64_t skip) {
    W w[kVectors];
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) w[j] = W::load(weights + j * kSize);
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i) {
      const W xi = W::fill(load_one<T>(x[i] + skip));
#pragma GCC unroll 64
      for (int j = 0; j < kVectors; ++j) of[i][j] = fma(xi, w[j], of[i][j]);
    }
  }

  // Rows of sums, from byte `at` of those of the block on.
  template <class T>
  CCONV_INLINE void end(const Block<T>& block, std::int64_t p, std::int64_t at) {
    const std::int64_t pitch = block.sums_pitch, step = block.bias != nullptr ? 0 : pitch;
    std::byte* row = block.sums + p * pitch + at;
    const std::byte* before = block.bias != nullptr ? block.bias + at : row;
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i, before += step) {
#pragma GCC unroll 64
      for (int j = 0; j < kVectors; ++j) of[i][j] = W::load(before + j * kSize) + of[i][j];
    }
    rows::bound(block.bounds, of);
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i, row += pitch) {
#pragma GCC unroll 64
      for (int j = 0; j < kVectors; ++j) of[i][j].store(row + j * kSize);
    }
  }
};

template <class W, int kPixels>
struct Sums<W, kPixels, 0> {
  CCONV_INLINE void clear() {}
  template <class T>
  CCONV_INLINE void add_products(const std::byte*, const std::byte* const (&)[kPixels],
                                 std::int64_t) {}
  template <class T>
  CCONV_INLINE void end(const Block<T>&, std::int64_t, std::int64_t) {}
};

// kPixels x kVectors accumulators stay in registers over all terms of the block; each term costs
// kVectors loads and kPixels broadcasts for kPixels * kVectors multiply-adds.  kHalf: the last
// vector of a row is half one.
template <class T, int kVectors, bool kHalf, int kPixels>
void tile(const Block<T>& block, std::int64_t p) {
  constexpr int kWhole = kVectors - kHalf;
  constexpr std::int64_t kRow = kVectors * sizeof(V<T>), kSkip = kWhole * sizeof(V<T>);
  Sums<V<T>, kPixels, kWhole> whole;
  Sums<HalfV<T>, kPixels, kHalf> half;
  whole.clear();
  half.clear();

  const std::byte* weights = block.weights;
  const std::byte* const* pixels = block.pixels + p;
  const std::int64_t channels = block.channels;
  for (std::int64_t t = 0; t < block.taps; ++t) {
    const std::byte* x[kPixels];
#pragma GCC unroll 64
    for (int i = 0; i < kPixels; ++i) x[i] = pixels[i] + block.skip;
    const auto term = [&](std::int64_t c) __attribute__((always_inline)) {
      whole.template add_products<T>(weights, x, c * sizeof(T));
      half.template add_products<T>(weights + kSkip, x, c * sizeof(T));
      weights += kRow;
    };
    if constexpr (kHasFractions<T>) {
#pragma GCC unroll 2
      for (std::int64_t c = 0; c < channels; ++c) term(c);
    } else {  // bound by the multiplications
      for (std::int64_t c = 0; c < channels; ++c) term(c);
    }
    pixels += block.pitch;
  }

  whole.end(block, p, 0);
  half.end(block, p, kSkip);
}

// Pixels of a tile: what the registers hold beside the weights' vectors and one broadcast, and no
// more than there are addresses at hand; fewer where each product takes another address, and of
// integers, which are bound by their multiplications.
template <class T>
constexpr int pixels_for(int vectors, bool half) {
  const int most = !kHasFractions<T> ? 6 : vectors > 1 && !half ? 12 : 8;
  const int pixels = (kRegisters - vectors - 1) / vectors;
  return pixels < most ? pixels : most;
}

template <class T>
using Tile = void (*)(const Block<T>&, std::int64_t);

// tiles[n - 1]: the tile of n pixels.
template <class T, int kVectors, bool kHalf, int... kBefore>
constexpr auto tiles_of(Lanes<kBefore...>) {
  struct Tiles {
    Tile<T> of[sizeof...(kBefore)];
  };
  return Tiles{{tile<T, kVectors, kHalf, kBefore + 1>...}};
}

// Tiles of a block differ by one pixel at most, so that none is much smaller than the others.
template <class T, int kVectors, bool kHalf = false>
void panel(const Block<T>& block) {
  constexpr int kPixels = pixels_for<T>(kVectors, kHalf);
  static constexpr auto kTiles = tiles_of<T, kVectors, kHalf>(typename FirstLanes<kPixels>::type{});
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
  if constexpr (kHasFractions<T> && kVectors <= kGemmHalved) {
    if (block.vectors == kVectors && block.half) return panel<T, kVectors, true>(block);
  }
  if (block.vectors == kVectors) return panel<T, kVectors>(block);
  if constexpr (kVectors > 1) multiply<T, kVectors - 1>(block);
}

template <class Word>
void pack(const Packing& p) {
  constexpr int kLanes = V<Word>::kLanes;
  const std::int64_t channels = p.terms / p.taps;
  const auto row_of = [&](std::int64_t k) {
    return p.packed + (p.taps == 1 ? k : k % p.taps * channels + k / p.taps) * p.pitch;
  };
  if (p.channels < kLanes)
    for (std::int64_t k = 0; k < p.terms; ++k) V<Word>::fill(0).store(row_of(k));
  copy_transposed<Word, kLanes>(p.weights, p.stride, p.channels, p.terms, row_of);
}

template <class T>
constexpr KernelsOf<T> kernels_of() {
  constexpr bool kWide = sizeof(T) == 8;
  return {V<T>::kLanes, multiply<T>, kWide ? pack<std::uint64_t> : pack<std::uint32_t>};
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {kGemmVectors,
                                    kGemmHalved,
                                    kernels_of<float>(),
                                    kernels_of<double>(),
                                    kernels_of<std::uint32_t>(),
                                    kernels_of<std::uint64_t>()};

}  // namespace cconv::gemm
