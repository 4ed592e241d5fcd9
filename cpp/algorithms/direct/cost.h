// How long direct summation takes.
#pragma once

#include <cmath>

#include "algorithms/direct/prices.h"
#include "algorithms/direct/tiling.h"

namespace cconv::direct {

inline double seconds(const Problem& p) {
  const auto real = [](std::int64_t n) { return static_cast<double>(n); };
  const Tiling t = tiling_of(p);
  const Shared& s = t.shared;
  const double positions = real(p.N) * real(p.outputs()), terms = real(p.terms());
  const bool plain = is_plain(p.axis[0]) && is_plain(p.axis[1]) && is_plain(p.axis[2]);
  const std::int64_t blocks = divide_up(p.terms(), terms_per_block(p.sum_type));

  double summed = std::ceil(positions / real(t.lanes)) * real(t.lanes), copied = terms;
  if (s.rows > 0) {
    const double outputs = real(s.rows * s.columns);
    summed = positions * real(t.positions) / outputs;
    copied *= real(s.taps) / real(p.taps()) * real(s.places()) / outputs;
  }
  double gather = per_copy(p) + kPerPiece / real(row_length(p));
  if (plain && !lies_across(p) && p.src_type == p.sum_type) gather = 0;

  return summed * real(p.OC) * terms * rows::seconds_per_product(p) +
         positions * real(p.G) * copied * gather +
         rows::outputs_of(p) * (real(blocks - 1) * kPerOutputAgain +
                                (p.channels_last && p.OC > 1                 ? kPerOutputTransposed
                                 : s.rows <= 1 && grows_in_place(p, t.lanes) ? kPerOutput
                                                                             : kPerOutputStored));
}

}  // namespace cconv::direct
