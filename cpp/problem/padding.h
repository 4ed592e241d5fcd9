// Plain data: what a padded copy is.  Made by validate_pad.cpp, run by algorithms/padding.
#pragma once

#include <cstddef>
#include <cstdint>

#include "problem/problem.h"
#include "problem/window.h"

namespace cconv {

// One axis of the input and its border on both sides.
struct PadAxis {
  std::int64_t in = 1;
  std::int64_t before = 0;
  std::int64_t after = 0;
  std::int64_t stride = 0;  // bytes
  // One element that a constant border before and after holds; null: of zero bytes.
  const std::byte* value[2] = {nullptr, nullptr};

  constexpr std::int64_t out() const { return saturating_add(saturating_add(in, before), after); }
};

// Element i of dst, C-contiguous, is element border_index(axis by axis) of src; in a constant
// border the value of the last axis whose border it lies in.
struct PadProblem {
  Border border = Border::constant;
  int ndim = 0;
  PadAxis axis[kMaxNdim];
  std::int64_t item = 1;  // bytes of an element; they are copied, whatever they mean
  const std::byte* src = nullptr;
  std::byte* dst = nullptr;
};

}  // namespace cconv
