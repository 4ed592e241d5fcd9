// conv1d/2d/3d, their prepared layers and explanations.
#pragma once

#include <pybind11/pybind11.h>

namespace cconv {

void add_conv(pybind11::module_& module);

}  // namespace cconv
