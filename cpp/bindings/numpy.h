// NumPy's arrays and types as the core knows them.
#pragma once

#include <pybind11/numpy.h>

#include "problem/arguments.h"

namespace cconv {

namespace py = pybind11;

// Makes NumPy's functions known; before anything else here.
void find_numpy();

bool is_array(PyObject* object);
bool is_plain_array(PyObject* object);  // of no subclass

Array array_of(PyObject* ndarray);  // as it is, foreign byte order too
std::byte* data_of(const py::object& ndarray);

Type type_of(const py::dtype& dtype);  // other where the core has no such type
py::dtype dtype_of(Type type);

}  // namespace cconv
