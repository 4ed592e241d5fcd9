// Refusals and other exceptions as Python's, and Python's objects in their words.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "problem/arguments.h"
#include "problem/refusal.h"

namespace cconv {

namespace py = pybind11;

std::string one_line(PyObject* text);  // of a str, cut where it is long; null gives nothing

Describe describe();

void set_python_error(const Refusal& refusal) noexcept;
void set_python_error(const char* call) noexcept;  // from the exception in flight

// Runs `body`, which returns a new reference; exceptions become Python's.
template <class Body>
PyObject* guarded(const char* call, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    set_python_error(call);
    return nullptr;
  }
}

}  // namespace cconv
