// The arithmetic of windows for users.
#pragma once

#include <pybind11/pybind11.h>

namespace cconv {

void add_shapes(pybind11::module_& module);

}  // namespace cconv
