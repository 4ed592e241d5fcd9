// The inner loops of direct summation: a register tile of output channels x vectors of positions.
// In: rows of input under each term, raw weights.  Out: strips of sums.
#include "algorithms/direct/kernel.h"

#include CCONV_LEVEL_HEADER

namespace cconv::direct {
namespace {

// kChannels x kVectors accumulators, vectors W of T, stay in registers over all terms of the block;
// each term costs kVectors loads and kChannels broadcasts for kChannels * kVectors multiply-adds.
template <class T, class W, int kChannels, int kVectors>
void tile(const Block<T>& block, std::int64_t o, std::int64_t p) {
  constexpr int kLanes = W::kLanes;
  W sum[kChannels][kVectors];
#pragma GCC unroll 64
  for (int i = 0; i < kChannels; ++i) {
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) sum[i][j] = W::fill(0);
  }

  const std::byte* const* const rows = block.rows;
  const std::byte* const weights = block.weights + o * block.weights_stride;
  const std::int64_t stride = block.weights_stride;
  const std::int64_t terms = block.terms;
  for (std::int64_t k = 0; k < terms; ++k) {
    const std::byte* const row = rows[k] + p * static_cast<std::int64_t>(sizeof(T));
    W x[kVectors];
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) x[j] = W::load(row + j * kLanes * sizeof(T));
#pragma GCC unroll 64
    for (int i = 0; i < kChannels; ++i) {
      const W w = W::fill(load_one<T>(weights + i * stride + k * sizeof(T)));
#pragma GCC unroll 64
      for (int j = 0; j < kVectors; ++j) sum[i][j] = fma(w, x[j], sum[i][j]);
    }
  }

  T* strip = block.sums + o * block.sums_pitch + p;
  const std::byte* bias = block.bias + o * block.bias_step;
  const bool first = block.first;
  const T* before = strip;
#pragma GCC unroll 64
  for (int i = 0; i < kChannels; ++i) {
    const W from = W::fill(load_one<T>(bias));
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j)
      sum[i][j] = (first ? from : W::load(before + j * kLanes)) + sum[i][j];
    before += block.sums_pitch;
    bias += block.bias_step;
  }
  rows::bound(block.bounds, sum);
#pragma GCC unroll 64
  for (int i = 0; i < kChannels; ++i) {
#pragma GCC unroll 64
    for (int j = 0; j < kVectors; ++j) sum[i][j].store(strip + j * kLanes);
    strip += block.sums_pitch;
  }
}

// Vectors of a tile of few channels: as many accumulators as the full tile has.
constexpr int vectors_for(int channels) {
  const int vectors = kDirectChannels * kDirectVectors / channels;
  return vectors < 8 ? vectors : 8;
}

// All positions of kChannels output channels from o; what is left over takes narrower tiles.
template <class T, int kChannels, int kVectors = vectors_for(kChannels)>
void strip(const Block<T>& block, std::int64_t o, std::int64_t p = 0) {
  constexpr int kStep = kVectors * V<T>::kLanes;
  for (; p + kStep <= block.positions; p += kStep) tile<T, V<T>, kChannels, kVectors>(block, o, p);
  if constexpr (kVectors > 1) {
    if (p < block.positions) strip<T, kChannels, kVectors / 2>(block, o, p);
  } else if constexpr (kHalfVectors) {
    if (p < block.positions) tile<T, HalfV<T>, kChannels, 1>(block, o, p);
  }
}

template <class T, int kChannels = kDirectChannels>
void channels_left(const Block<T>& block, std::int64_t o) {
  for (; o + kChannels <= block.channels; o += kChannels) strip<T, kChannels>(block, o);
  if constexpr (kChannels > 1) {
    // Integers, bound by their multiplications, do with fewer tiles.
    constexpr int kFewer = kHasFractions<T> ? kChannels - 1 : kChannels / 2;
    if (o < block.channels) channels_left<T, kFewer>(block, o);
  }
}

constexpr int kPieces = kHalfVectors ? 2 : 1;  // of a vector, in which positions are counted

template <class T>
void accumulate(const Block<T>& block) {
  channels_left<T>(block, 0);
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {V<float>::kLanes / kPieces, V<double>::kLanes / kPieces,
                                    kDirectVectors* kPieces,    accumulate<float>,
                                    accumulate<double>,         accumulate<std::uint32_t>,
                                    accumulate<std::uint64_t>};

}  // namespace cconv::direct
