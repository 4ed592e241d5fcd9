// How long depthwise convolution takes.
#pragma once

#include "algorithms/depthwise/tiling.h"
#include "algorithms/rows/cost.h"

namespace cconv::depthwise {

inline double seconds(const Problem& p) {
  constexpr double kPerProduct = 1.3;       // of the arithmetic, where neighbours share loads
  constexpr double kPerProductAlone = 1.8;  // where each has a load of its own
  constexpr double kPerCopy = 0.17e-9;      // of an element of input
  constexpr double kPerAddress = 0.6e-9;    // of a pixel under a tap
  constexpr double kPerOutput = 0.05e-9, kPerOutputTransposed = 0.2e-9;

  const Window& w = p.axis[2].window;
  const bool shares = has_row_tile(w.kernel, w.stride) && w.dilation == 1;
  const bool in_place = p.channels_last && p.src_type == p.sum_type;
  const double positions = static_cast<double>(p.N) * static_cast<double>(p.outputs());
  const double taps = static_cast<double>(p.taps());
  const double rate = rows::seconds_per_product(p) * (shares ? kPerProduct : kPerProductAlone);
  const double inputs = static_cast<double>(p.N) * static_cast<double>(p.IC) *
                        static_cast<double>(p.axis[0].in) * static_cast<double>(p.axis[1].in) *
                        static_cast<double>(p.axis[2].in);
  return rows::outputs_of(p) *
             (taps * rate + (p.channels_last ? kPerOutput : kPerOutputTransposed)) +
         positions * taps * kPerAddress +
         (in_place ? 0 : inputs * kPerCopy * pixels::spread(p.axis[2], kLimits));
}

}  // namespace cconv::depthwise
