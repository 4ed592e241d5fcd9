// Pools in the way that suits them: whole planes, planes turned into channels, bands of rows, which
// are searched or reduced, or a row of results at a time.
#include "algorithms/pooling/room.h"

#include <algorithm>

#include "algorithms/pooling/bands.h"
#include "algorithms/pooling/planes.h"
#include "algorithms/pooling/run.h"
#include "algorithms/pooling/searched.h"
#include "algorithms/pooling/turned.h"

namespace cconv::pooling {

double cost(const PoolProblem& p) {
  // Of one core, roughly; searches and powers take an element at a time.
  constexpr double kOutput = 0.5e-9, kTap = 0.2e-9, kSearchedOutput = 10e-9, kSearchedTap = 3e-9;
  constexpr double kConverted = 2e-9, kPower = 30e-9;
  const PoolAxis& row = p.axis[2];
  double outputs = static_cast<double>(p.N) * static_cast<double>(p.C), taps = 1;
  for (const PoolAxis& axis : p.axis) {
    outputs *= static_cast<double>(axis.out);
    taps *= static_cast<double>(widest_window(axis));
  }
  // Elements read, those of a row once for all its windows.
  const double in_row = static_cast<double>(row.out) * static_cast<double>(widest_window(row));
  const double read = outputs * taps * std::min(1.0, static_cast<double>(row.in) / in_row);
  const bool power = p.pool == Pool::norm && p.norm != 1 && p.norm != 2;
  const double loading = power ? kPower : converts(p) ? kConverted : 0;
  return outputs *
             (p.wants_indices ? kSearchedOutput + kSearchedTap * taps : kOutput + kTap * taps) +
         read * loading;
}

void run(const PoolProblem& p, const View& src, const View& dst, std::int64_t* indices, int threads,
         Stop& stop) {
  if (p.N == 0 || p.C == 0 || p.outputs() == 0) return;
  if (takes_planes(p, src, dst)) return run_planes(p, src, dst, threads, stop);
  if (takes_turned(p, src, dst)) return run_turned(p, src, dst, indices, threads, stop);
  if (takes_searched(p, dst)) return run_searched(p, src, dst, indices, threads, stop);
  if (takes_bands(p)) return run_bands(p, src, dst, threads, stop);
  const Tiling tiling = tiling_of(p);
  const Workspace workspace(tiling.bytes_per_thread() * threads);
  const Run run(p, src, dst, indices, tiling, workspace.data());
  parallel_for(tiling.items(), threads, stop,
               [&](std::int64_t item, int worker) { run.item(item, worker, stop); });
}

}  // namespace cconv::pooling
