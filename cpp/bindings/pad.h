// pad.
#pragma once

#include <pybind11/pybind11.h>

namespace cconv {

void add_pad(pybind11::module_& module);

}  // namespace cconv
