#include "bindings/errors.h"

#include <pybind11/numpy.h>

#include <new>

namespace cconv {

std::string one_line(PyObject* text) {
  constexpr Py_ssize_t kLongest = 100;
  py::object lines, line;
  if (text != nullptr) lines = py::reinterpret_steal<py::object>(PyUnicode_Splitlines(text, 0));
  if (lines)
    line = py::reinterpret_steal<py::object>(PyUnicode_Join(py::str(" ").ptr(), lines.ptr()));
  Py_ssize_t size = 0;
  const char* const characters = line ? PyUnicode_AsUTF8AndSize(line.ptr(), &size) : nullptr;
  if (characters == nullptr) {
    PyErr_Clear();
    return {};
  }
  if (size <= kLongest) return {characters, static_cast<std::size_t>(size)};
  std::size_t end = kLongest - 3;
  while (end > 0 && (characters[end] & 0xc0) == 0x80) --end;  // not inside a UTF-8 character
  return std::string(characters, end) + "...";
}

namespace {

// Runs in error paths only.  What an object's own __repr__ raises is dropped.
std::string describe_value(const void* object) {
  auto* const o = static_cast<PyObject*>(const_cast<void*>(object));
  const auto text = py::reinterpret_steal<py::object>(PyObject_Repr(o));
  const std::string line = one_line(text.ptr());
  if (!line.empty()) return line;
  const auto type = py::reinterpret_steal<py::object>(PyUnicode_FromString(Py_TYPE(o)->tp_name));
  return "of type " + one_line(type.ptr());
}

std::string describe_dtype(const void* object) {
  auto* const o = static_cast<PyObject*>(const_cast<void*>(object));
  const auto text =
      py::reinterpret_steal<py::object>(PyObject_Str(py::detail::array_proxy(o)->descr));
  return one_line(text.ptr());
}

}  // namespace

Describe describe() { return {describe_value, describe_dtype}; }

void set_python_error(const Refusal& refusal) noexcept {
  PyObject* const kinds[] = {PyExc_ValueError, PyExc_TypeError, PyExc_MemoryError};
  PyErr_SetString(kinds[static_cast<int>(refusal.kind)], refusal.what());
}

void set_python_error(const char* call) noexcept {
  try {
    throw;
  } catch (const Refusal& refusal) {
    set_python_error(refusal);
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_Format(PyExc_MemoryError,
                 "%s: not enough memory for the work; a smaller batch or image would do", call);
  } catch (const std::exception& error) {
    // pybind11's for an object that Python had no memory for, with Python's own error set.
    if (PyErr_ExceptionMatches(PyExc_MemoryError)) return;
    PyErr_Format(PyExc_RuntimeError, "%s: %s", call, error.what());
  }
}

}  // namespace cconv
