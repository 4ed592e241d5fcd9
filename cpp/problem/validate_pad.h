// Judges the arguments of pad.
#pragma once

#include "problem/arguments.h"
#include "problem/padding.h"

namespace cconv {

struct PadArguments {
  const char* call = "pad";
  int ndim = 0;
  const std::int64_t* shape = nullptr;
  std::int64_t item = 1;  // bytes of an element
  Value pad_width, mode, constant_values;
  // Where pad_width is a dict: its keys and their widths.
  bool by_axis = false;
  const Value* axes = nullptr;
  const Value* widths = nullptr;
  std::int64_t entries = 0;
  Describe describe;
};

// Fills border, ndim, item and, but for strides and values, the axes of `p`.  Throws Refusal.
void validate_pad(const PadArguments& arguments, PadProblem& p);

}  // namespace cconv
