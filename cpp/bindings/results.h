// Arrays out.
#pragma once

#include <pybind11/numpy.h>

#include "problem/types.h"

namespace cconv {

namespace py = pybind11;

// Makes NumPy's functions known.
void add_results();

// A new C-contiguous array, not initialised.  NumPy owns it; memory of a large one comes from
// runtime/result_memory.
py::object new_array(py::dtype dtype, int ndim, const std::int64_t* shape);
py::object new_array(Type type, int ndim, const std::int64_t* shape);

}  // namespace cconv
