// How long filters of a column and a row, or a few of those, take.
#pragma once

#include <cmath>

#include "algorithms/rows/cost.h"
#include "algorithms/separable/tiling.h"

namespace cconv::separable {

inline double seconds(const Problem& p) {
  constexpr double kPerProduct = 1.15;      // of the arithmetic, where rows are shared
  constexpr double kPerProductAlone = 1.9;  // where they are not: each has a load of its own
  constexpr double kShared = 4;             // of terms that neighbours share
  constexpr double kOfBytes = 0.4;          // in 16 bits, rounding included
  constexpr double kPerOutput = 0.17e-9, kPerOutputStored = 0.23e-9;
  constexpr double kPerSummedByte = 0.1e-9;  // of each of a few products
  constexpr double kPerCopy = 0.12e-9;       // of an element of input
  constexpr double kPerRow = 20e-9, kPerItem = 200e-9;
  constexpr double kPerCall = 1e-6;

  const Geometry g = planes::geometry_of(p, p.channels_last);
  const Tiling t = tiling_of(p, g, true);
  const double bands = static_cast<double>(t.items);
  const double rows =
      bands * static_cast<double>(g.d.window.kernel) * static_cast<double>(rows_under(g, t.band));
  const double outputs = static_cast<double>(planes::units_of(g)) * static_cast<double>(g.h.out) *
                         static_cast<double>(round_up(g.columns(), t.lanes));
  const double summed =
      outputs * (1 + static_cast<double>(t.halo) / static_cast<double>(t.columns));
  const double down = static_cast<double>(g.d.window.kernel * g.h.window.kernel);
  const double along = static_cast<double>(g.w.window.kernel);
  const double products =
      static_cast<double>(p.rank) *
      ((t.slides ? kShared : down * (planes::shares_rows(g) ? kPerProduct : kPerProductAlone)) +
       (t.doubles ? kShared * std::log2(along) : along * kPerProductAlone));
  const bool stored = (p.dst_type != p.sum_type || p.activation != Activation::none) && !t.bytes;
  const bool in_place = p.src_type == p.sum_type || t.bytes;
  const double bytes = t.rank > 1 ? static_cast<double>(t.rank * size_of(p.sum_type)) : 0;
  return summed * products * rows::seconds_per_product(p) * (t.bytes ? kOfBytes : 1) +
         outputs * bytes * kPerSummedByte + outputs * (stored ? kPerOutputStored : kPerOutput) +
         (in_place ? 0 : rows * static_cast<double>(t.columns + t.halo) * kPerCopy) +
         rows * kPerRow + bands * kPerItem + kPerCall;
}

}  // namespace cconv::separable
