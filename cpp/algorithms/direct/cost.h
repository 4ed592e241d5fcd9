// How long direct summation takes.
#pragma once

#include <cmath>

#include "algorithms/direct/shared.h"

namespace cconv::direct {

inline double seconds(const Problem& p) {
  const auto real = [](std::int64_t n) { return static_cast<double>(n); };
  constexpr double kPerItem = 0.25e-6;  // of those whose taps share copies
  const Shared s = shared_of(p);
  const double positions = real(p.N) * real(p.outputs()), terms = real(p.terms());
  const bool plain = is_plain(p.axis[0]) && is_plain(p.axis[1]) && is_plain(p.axis[2]);
  const std::int64_t blocks = divide_up(p.terms(), terms_per_block(p.sum_type));

  const double lanes = real(lanes_of(p));
  double summed = std::ceil(positions / lanes) * lanes, copied = terms, begun = 0;
  if (s.rows > 0) {
    // A single channel multiplies each vector that it loads once.
    constexpr double kOneChannel = 2;
    const double outputs = real(s.rows * s.columns);
    summed = positions * real(s.positions()) / outputs * (p.OC == p.G ? kOneChannel : 1);
    copied *= real(s.taps) / real(p.taps()) * real(s.places()) / outputs;
    begun = positions / outputs * real(p.G) * kPerItem;
  }
  double gather = per_copy(p) + kPerPiece / std::max(real(row_length(p)), 1.0);
  if (plain && !lies_across(p) && p.src_type == p.sum_type) gather = 0;

  // Tiles of short vectors are smaller: a tenth goes to their loads.
  constexpr double kSmallTile = 1.1;
  if (short_vectors()) summed *= kSmallTile;
  return begun + summed * real(p.OC) * terms * rows::seconds_per_product(p) +
         positions * real(p.G) * copied * gather +
         rows::outputs_of(p) * (real(blocks - 1) * kPerOutputAgain +
                                (p.channels_last && p.OC > 1        ? kPerOutputTransposed
                                 : s.rows <= 1 && grows_in_place(p) ? kPerOutput
                                                                    : kPerOutputStored));
}

}  // namespace cconv::direct
