// Pools and max_unpool.
#pragma once

#include <pybind11/pybind11.h>

namespace cconv {

void add_pool(pybind11::module_& module);

}  // namespace cconv
