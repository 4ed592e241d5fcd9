// How long direct summation takes.
#pragma once

#include <cmath>

#include "algorithms/direct/tiling.h"
#include "algorithms/rows/cost.h"

namespace cconv::direct {

inline double seconds(const Problem& p) {
  constexpr double kPerCopy = 0.075e-9;  // of an element that lies in a row
  constexpr double kPerCast = 0.15e-9;   // and is of another type
  // Every other one; in the first-level cache.
  constexpr double kPerEven = 0.25e-9, kPerEvenNear = 0.15e-9;
  constexpr double kPerPick = 0.35e-9, kPerPickNear = 0.2e-9;  // one by one
  constexpr double kPerTransposed = 0.22e-9;
  constexpr double kPerPiece = 2.5e-9;  // of an output row under a term
  constexpr double kPerOutput = 0.1e-9, kPerOutputStored = 0.27e-9, kPerOutputTransposed = 0.5e-9;
  constexpr std::int64_t kWideRow = 1024;
  constexpr double kPerOutputAgain = 0.3e-9;  // with each further block of terms

  const Axis &d = p.axis[0], &h = p.axis[1], &w = p.axis[2];
  const double positions = static_cast<double>(p.N) * static_cast<double>(p.outputs());
  const double terms = static_cast<double>(p.terms());
  const std::int64_t lanes =
      size_of(p.sum_type) == 8 ? kernels().lanes_float64 : kernels().lanes_float32;
  const double padded =
      std::ceil(positions / static_cast<double>(lanes)) * static_cast<double>(lanes);
  const bool across = p.channels_last && p.IC > 1;  // rows lie closer together than their elements
  const bool plain = is_plain(d) && is_plain(h) && is_plain(w);

  const bool near = p.OC / p.G >= kManyChannels;
  const std::int64_t blocks = divide_up(p.terms(), terms_per_block(p.sum_type));
  // All strips of whole vectors do; of wide rows, most are.
  const bool whole = p.outputs() % lanes == 0 || row_length(p) >= kWideRow;
  const bool grows_in_place = blocks == 1 && whole;

  double gather = across                     ? kPerTransposed
                  : w.window.stride == 2     ? (near ? kPerEvenNear : kPerEven)
                  : w.window.stride > 1      ? (near ? kPerPickNear : kPerPick)
                  : p.src_type != p.sum_type ? kPerCast
                  : plain                    ? 0
                                             : kPerCopy;
  if (!plain) gather += kPerPiece / static_cast<double>(row_length(p));
  return padded * static_cast<double>(p.OC) * terms * rows::seconds_per_product(p) +
         positions * static_cast<double>(p.G) * terms * gather +
         rows::outputs_of(p) * (static_cast<double>(blocks - 1) * kPerOutputAgain +
                                (p.channels_last && p.OC > 1 ? kPerOutputTransposed
                                 : grows_in_place            ? kPerOutput
                                                             : kPerOutputStored));
}

}  // namespace cconv::direct
