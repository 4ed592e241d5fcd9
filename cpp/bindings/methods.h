// How Python calls a function of the core: with all its arguments, by position.
#pragma once

#include "bindings/errors.h"

namespace cconv {

inline void require_arguments(const char* call, Py_ssize_t count, Py_ssize_t wanted) {
  if (count != wanted)
    throw py::type_error(std::string(call) + ": the core takes " + std::to_string(wanted) +
                         " arguments");
}

// An entry of a method table.  A flag says which type of function it holds in truth.
inline PyMethodDef method(const char* name, _PyCFunctionFast function) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
          METH_FASTCALL, nullptr};
}

}  // namespace cconv
