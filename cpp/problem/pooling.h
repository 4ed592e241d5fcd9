// Plain data: what a pool is and where its arrays lie; made by validate_pool.cpp, read by the
// pooling room.
#pragma once

#include "problem/problem.h"

namespace cconv {

// minimum: for erosion; a window of border alone gives the largest value there is.
enum class Pool : std::uint8_t { maximum, average, norm, minimum };

constexpr bool is_extreme(Pool pool) { return pool == Pool::maximum || pool == Pool::minimum; }

// One axis: windows of one size, or `shared`, when its `out` windows divide it among themselves
// (adaptive pools).
struct PoolAxis {
  std::int64_t in = 1;
  std::int64_t out = 1;
  Window window;
  bool shared = false;

  // What output position o sees of the axis.
  constexpr Taps taps(std::int64_t o) const {
    return shared ? share(o, in, out) : taps_inside(window, o, in);
  }
};

// y[n,c,i,j] = maximum, minimum, sum / divisor or (sum |x|^norm)^(1/norm) over the elements
// x[n,c,...] that the window at (i, j) holds.
struct PoolProblem {
  Pool pool = Pool::maximum;
  std::int64_t N = 1, C = 1;
  PoolAxis axis[kSpatial];
  Type src_type = Type::float32;
  Type dst_type = Type::float32;
  bool channels_last = false;
  bool wants_indices = false;      // of maxima
  bool count_include_pad = false;  // in the divisor of averages
  std::int64_t divisor = 0;        // of averages; 0: the elements counted
  double norm = 2;

  constexpr std::int64_t outputs() const {  // of one plane
    return saturating_multiply(saturating_multiply(axis[0].out, axis[1].out), axis[2].out);
  }
};

// Whether windows of some axis divide it among themselves.
constexpr bool has_shares(const PoolProblem& p) {
  return p.axis[0].shared || p.axis[1].shared || p.axis[2].shared;
}

// The values that maxima were taken from, put back where they came from; the rest is 0.
struct UnpoolProblem {
  std::int64_t N = 1, C = 1;
  std::int64_t in[kSpatial] = {1, 1, 1};
  std::int64_t out[kSpatial] = {1, 1, 1};
  Type type = Type::float32;
  Type index_type = Type::int64;
};

}  // namespace cconv
