// Windows that are whole planes: one element of each.
#pragma once

#include <algorithm>

#include "algorithms/pooling/kernel.h"
#include "algorithms/pooling/tiling.h"
#include "runtime/parallel.h"

namespace cconv::pooling {

// Whether the only window of an axis holds all of it and nothing else.
inline bool is_whole(const PoolAxis& a) {
  const Window& w = a.window;
  const bool fits = w.kernel == a.in && span(w) == a.in && w.before == 0 && w.after == 0;
  return a.out == 1 && (a.shared || fits);
}

// Whether windows are whole planes, which follow one another as the working type, and so do
// results.
inline bool takes_planes(const PoolProblem& p, const View& src, const View& dst) {
  if (p.channels_last || p.wants_indices || converts(p) || parts_of(p) > 1) return false;
  if (reduction_of(p, p.src_type).planes == nullptr) return false;
  if (p.dst_type != working_type(p) || dst.channel != size_of(p.dst_type)) return false;
  std::int64_t plane = size_of(p.src_type);
  for (int i = kSpatial - 1; i >= 0; --i) {
    if (!is_whole(p.axis[i]) || (p.axis[i].in > 1 && src.spatial[i] != plane)) return false;
    plane *= p.axis[i].in;
  }
  // Sums as those of Run, in one block.
  return (p.C == 1 || src.channel == plane) && p.axis[2].in <= kMostColumns &&
         p.axis[0].in * p.axis[1].in <= kTapsPerBlock;
}

inline void run_planes(const PoolProblem& p, const View& src, const View& dst, int threads,
                       Stop& stop) {
  const std::int64_t rows = p.axis[0].in * p.axis[1].in, columns = p.axis[2].in;
  const std::int64_t size = size_of(p.src_type), plane = rows * columns * size;
  const std::int64_t together = std::max<std::int64_t>(kItemBytes / plane, 1);
  const std::int64_t per_image = (p.C + together - 1) / together;
  const double divisor = static_cast<double>(p.divisor != 0 ? p.divisor : rows * columns);
  parallel_for(p.N * per_image, threads, stop, [&](std::int64_t item, int) {
    const std::int64_t n = item / per_image, c = item % per_image * together;
    const std::int64_t planes = std::min(together, p.C - c);
    std::byte* const to = dst.data + dst.batch->offset(n) + c * size;
    reduction_of(p, p.src_type)
        .planes({src.data + src.batch->offset(n) + c * plane, planes, rows, columns, to});
    if (p.pool != Pool::average) return;
    const auto narrow = static_cast<float>(divisor);
    if (p.src_type == Type::float64)
      kernels().divide_float64(to, &divisor, 1, planes);
    else
      kernels().divide_float32(to, &narrow, 1, planes);
  });
}

}  // namespace cconv::pooling
