// Copies of input that taps share.  Along an axis with stride s, the input of a tap at neighbouring
// outputs lies s apart: it is of one phase, in which the next tap of that phase sees the same
// elements, further on.  A phase is copied once, border included, as far as windows reach.
#pragma once

#include <algorithm>

#include "problem/problem.h"

namespace cconv::direct {

constexpr std::int64_t phases(const Window& w) { return std::min(w.stride, span(w)); }

// Outputs further on that the last tap's input lies in its phase.
constexpr std::int64_t reach(const Window& w) {
  return w.stride == 1 ? span(w) - 1 : (span(w) - 1) / w.stride;
}

// The problem whose taps are the phases and whose outputs are all places in them.
inline Problem phases_of(Problem p) {
  for (Axis* const a : {&p.axis[1], &p.axis[2]}) {
    Window& w = a->window;
    a->out += reach(w);
    w.kernel = phases(w);
    w.dilation = 1;
    // The last places of some phases are no tap's.
    w.after = std::max<std::int64_t>(0, input_index(w, a->out - 1, w.kernel - 1) - (a->in - 1));
  }
  return p;
}

// Where a tap's input begins: in which phase, how many outputs further on.
struct Shift {
  std::int64_t phase, outputs;
};
constexpr Shift shift_of(const Window& w, std::int64_t tap) {
  const std::int64_t at = tap * w.dilation;
  return w.stride == 1 ? Shift{0, at} : Shift{at % w.stride, at / w.stride};
}

}  // namespace cconv::direct
