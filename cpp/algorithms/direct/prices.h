// What the parts of direct summation take, in seconds: the tiling weighs them, the cost adds them
// up.
#pragma once

#include "algorithms/rows/cost.h"
#include "problem/plain.h"

namespace cconv::direct {

// Output channels that pass over the same rows; then these are copied in the first-level cache.
constexpr std::int64_t kManyChannels = 32;

constexpr double kPerPiece = 2.5e-9;  // of an output row under a term
// Of an output that grows in the result; is stored there; across it.
constexpr double kPerOutput = 0.1e-9, kPerOutputStored = 0.27e-9, kPerOutputTransposed = 0.5e-9;
constexpr double kPerOutputAgain = 0.3e-9;  // with each further block of terms

// Shorter than those of AVX-512.
inline bool short_vectors() { return rows::kernels().vector_bytes < 64; }

// Rows lie closer together than their elements.
inline bool lies_across(const Problem& p) { return p.channels_last && p.IC > 1; }

// Of an element that is copied.
inline double per_copy(const Problem& p) {
  constexpr double kPerCopy = 0.075e-9, kPerCast = 0.15e-9, kPerTransposed = 0.22e-9;
  // Every other one; in the first-level cache.
  constexpr double kPerEven = 0.25e-9, kPerEvenNear = 0.15e-9;
  constexpr double kPerPick = 0.35e-9, kPerPickNear = 0.2e-9;  // one by one
  const std::int64_t stride = p.axis[2].window.stride;
  const bool near = p.OC / p.G >= kManyChannels;
  if (lies_across(p)) return kPerTransposed;
  if (stride == 2) return near ? kPerEvenNear : kPerEven;
  if (stride > 1) return near ? kPerPickNear : kPerPick;
  return p.src_type == p.sum_type ? kPerCopy : kPerCast;
}

}  // namespace cconv::direct
