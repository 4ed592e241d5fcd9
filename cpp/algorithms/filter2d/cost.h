// How long filters on planes take.
#pragma once

#include "algorithms/filter2d/tiling.h"
#include "algorithms/rows/cost.h"
#include "algorithms/rows/sums.h"

namespace cconv::filter2d {

inline double seconds(const Problem& p) {
  constexpr double kPerProduct = 1.15;      // of the arithmetic, where rows are shared;
  constexpr double kPerProductOfFew = 1.7;  // by vectors of few rows
  constexpr double kPerProductAlone = 1.9;  // where they are not: each has a load of its own
  constexpr double kPerOutput = 0.09e-9, kPerOutputStored = 0.15e-9;
  constexpr double kPerCopy = 0.05e-9;  // of an element of input
  constexpr double kPerStep = 0.1e-9;   // of one where windows take steps
  constexpr double kPerPick = 0.85e-9;  // of one that has no neighbours
  constexpr double kPerRow = 5e-9;      // of input
  constexpr double kPerItem = 60e-9;

  // Small calls are direct's, which are planned in less time than it takes to cut them here.
  constexpr double kFewProducts = 1000, kSmallCall = 0.5e-6;
  if (rows::outputs_of(p) * static_cast<double>(p.terms()) < kFewProducts) return kSmallCall;

  const bool few = kernels().lanes_float32 > 1 && kernels().tile_rows < 8;
  const Geometry g = planes::geometry_of(p, p.channels_last);
  const Tiling t = tiling_of(p, g);
  const double planes = static_cast<double>(g.N) * static_cast<double>(g.planes);
  const double bands = planes * static_cast<double>(g.d.out) * static_cast<double>(t.bands) *
                       static_cast<double>(t.chunks);
  const double rows =
      bands * static_cast<double>(g.d.window.kernel) * static_cast<double>(rows_under(g, t.band));
  const bool neighbours = g.inner > 1 || !p.channels_last || p.IC == 1;
  const bool in_place = p.src_type == p.sum_type && g.w.window.stride == 1 && neighbours;
  const bool stored = p.dst_type != p.sum_type || !rows::only_bounds(p.activation);
  const bool alone = !shares_rows(g) || g.h.window.kernel == 1;
  const double columns = static_cast<double>(round_up(g.columns(), t.lanes));
  const double outputs =
      planes * static_cast<double>(g.d.out) * static_cast<double>(g.h.out) * columns;
  const double copied = rows * static_cast<double>(planes::phase_pitch(g, t.columns)) *
                        static_cast<double>(phases(g.w.window));
  return outputs * static_cast<double>(p.terms()) * rows::seconds_per_product(p) *
             (alone ? kPerProductAlone
              : few ? kPerProductOfFew
                    : kPerProduct) +
         outputs * (stored ? kPerOutputStored : kPerOutput) +
         copied * (in_place     ? 0
                   : neighbours ? (g.w.window.stride == 1 ? kPerCopy : kPerStep)
                                : kPerPick) +
         rows * kPerRow + bands * kPerItem;
}

}  // namespace cconv::filter2d
