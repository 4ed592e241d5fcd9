// Places in the output and in the kernel, counted through in C order.
#pragma once

#include <cstdint>

#include "problem/problem.h"

namespace cconv {

// A place in the output.
struct Cursor {
  std::int64_t n, od, oh, ow;

  static Cursor at(const Problem& p, std::int64_t position) {
    Cursor c;
    c.ow = position % p.axis[2].out, position /= p.axis[2].out;
    c.oh = position % p.axis[1].out, position /= p.axis[1].out;
    c.od = position % p.axis[0].out;
    c.n = position / p.axis[0].out;
    return c;
  }
  void advance(const Problem& p, std::int64_t positions) {
    const auto carry = [](std::int64_t& from, std::int64_t& to, std::int64_t extent) {
      to += from / extent;
      from %= extent;
    };
    ow += positions;
    carry(ow, oh, p.axis[2].out);
    if (oh < p.axis[1].out) return;
    carry(oh, od, p.axis[1].out);
    carry(od, n, p.axis[0].out);
  }
};

// A kernel position.
struct Tap {
  std::int64_t kd, kh, kw;

  static Tap at(const Problem& p, std::int64_t tap) {
    const std::int64_t KH = p.axis[1].window.kernel, KW = p.axis[2].window.kernel;
    return {tap / KW / KH, tap / KW % KH, tap % KW};
  }
  // In C order, round and round; true at the beginning of a round.
  bool next(const Problem& p) {
    if (++kw < p.axis[2].window.kernel) return false;
    kw = 0;
    if (++kh < p.axis[1].window.kernel) return false;
    kh = 0;
    if (++kd < p.axis[0].window.kernel) return false;
    kd = 0;
    return true;
  }
};

}  // namespace cconv
