// Prepared layers.
#pragma once

#include <pybind11/pybind11.h>

namespace cconv {

void add_layer(pybind11::module_& module);

}  // namespace cconv
