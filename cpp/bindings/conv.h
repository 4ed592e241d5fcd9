// conv1d/2d/3d: the functions, and the steps they share with prepared layers.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/arguments.h"
#include "plan/prepared.h"
#include "problem/validate.h"

namespace cconv {

// The arguments of the Python functions, in their order.
enum Position {
  kX,
  kWeight,
  kBias,
  kStride,
  kPadding,
  kDilation,
  kGroups,
  kPaddingMode,
  kPaddingValue,
  kActivation,
  kChannelsLast,
  kAlgorithm,
  kDtype,
  kOut,
  kArguments
};

constexpr const char* kCalls[] = {"conv1d", "conv2d", "conv3d"};  // by dimensions

void read_options(Arguments& arguments, PyObject* const* args, int dims, ConvOptions& options);

// Plans, allocates and runs a judged convolution; `out` may be None.  A layer passes what it keeps.
PyObject* convolve(const ConvArguments& a, Convolution& c, PyObject* out, const Prepared* kept);

// What explain() tells of it.
py::dict explanation(const ConvArguments& a, Convolution& c);

void add_conv(py::module_& module);

}  // namespace cconv
