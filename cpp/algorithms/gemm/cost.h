// How long the general engine takes.
#pragma once

#include "algorithms/gemm/tiling.h"
#include "algorithms/rows/cost.h"

namespace cconv::gemm {

// The share of products that is summed: where a block is of one tap, without those with a border of
// zeros.
inline double share_summed(const Problem& p) { return terms_of(p).taps > 1 ? 1 : share_inside(p); }

inline double seconds(const Problem& p) {
  constexpr double kPerCopy = 0.2e-9;     // of an element of input
  constexpr double kPerAddress = 1.4e-9;  // of a pixel under a tap
  constexpr double kPerOutput = 0.17e-9, kPerOutputTransposed = 0.26e-9;
  constexpr double kPerWeight = 0.3e-9;  // packed
  constexpr double kPerGroup = 0.5e-6;

  const Panels panels = panels_of(p);
  const bool in_place = reads_in_place(p) && p.channels_last;
  const bool rows = !in_place && terms_of(p).whole_rows;
  const double positions = static_cast<double>(p.N) * static_cast<double>(p.outputs());
  const double channels = static_cast<double>(p.G) * static_cast<double>(panels.channels());
  const double taps = static_cast<double>(p.taps() / (rows ? p.axis[2].window.kernel : 1));
  const double inputs = static_cast<double>(p.N) * static_cast<double>(p.IC) *
                        static_cast<double>(p.axis[0].in) * static_cast<double>(p.axis[1].in) *
                        static_cast<double>(p.axis[2].in);
  return positions * channels * static_cast<double>(p.terms()) * share_summed(p) *
             rows::seconds_per_product(p) +
         (in_place ? 0 : inputs * kPerCopy * pixels::spread(p.axis[2], kCopied)) +
         positions * static_cast<double>(p.G) * taps * kPerAddress +
         positions * channels * (p.channels_last ? kPerOutput : kPerOutputTransposed) +
         (p.prepared ? 0 : channels * static_cast<double>(p.terms()) * kPerWeight) +
         static_cast<double>(p.G) * kPerGroup;
}

}  // namespace cconv::gemm
