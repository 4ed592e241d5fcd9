// Axes that no window looks along: a step over elements is a longer stride in memory, and rows that
// follow one another are one row.
#pragma once

#include "problem/problem.h"

namespace cconv {

constexpr bool is_plain(const Axis& a) {
  const Window& w = a.window;
  return w.kernel == 1 && w.stride == 1 && w.before == 0 && w.after == 0;
}

// Where rows without window follow one another in src they are one row.
inline bool rows_merge(const Problem& p, const View& src, int axis) {
  const Axis& row = p.axis[2];
  const Axis& a = p.axis[axis];
  return is_plain(row) && is_plain(a) &&
         (a.in == 1 || src.spatial[axis] == row.in * src.spatial[2]);
}

// The numbering of the outputs stays what it was.
inline Problem merge_rows(Problem p, const View& src) {
  for (int axis = 1; axis >= 0 && rows_merge(p, src, axis); --axis) {
    p.axis[2].in = p.axis[2].out = p.axis[2].in * p.axis[axis].in;
    p.axis[axis] = Axis{};
  }
  return p;
}

// A kernel of one tap, without border, reads every stride-th element of an axis: these are the axis
// then.
inline void skip_unread(Problem& p, View& src, int axes = kSpatial) {
  for (int i = 0; i < axes; ++i) {
    Axis& a = p.axis[i];
    if (a.window.kernel != 1 || a.window.before != 0 || a.window.after != 0) continue;
    src.spatial[i] *= a.window.stride;
    a = {a.out, a.out, {}};
  }
}

}  // namespace cconv
