// Python objects to tagged values and views.  Nothing here judges: problem/validate_*.cpp do.
#pragma once

#include <memory>
#include <vector>

#include "bindings/errors.h"
#include "bindings/numpy.h"
#include "problem/problem.h"

namespace cconv {

// The objects of one call.  Holds a reference to whatever it had to convert, for as long as the
// views it gave out are used.
class Arguments {
 public:
  // A sequence longer than `longest` is not read; all of them together may have `most` items.
  explicit Arguments(const char* call, std::int64_t longest = kSpatial, std::int64_t most = 24)
      : call_(call), longest_(longest), most_(most) {}
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  void read(PyObject* object, Value& value) { read(object, value, 0); }
  Value value(PyObject* object) {
    Value value;
    read(object, value);
    return value;
  }

  // The ndarray, of no subclass, that an object is read as: anything that API.md reads as an array.
  // A list or tuple takes the dtype of the ndarray `like`, where that has a float one.
  PyObject* ndarray(const char* name, PyObject* object, PyObject* like = nullptr);

  // What an ndarray is now, shape and strides copied: Python code may change it, so this comes
  // after everything that runs some.
  Array snapshot(PyObject* ndarray);
  // The same, in native byte order.
  Array array(PyObject* ndarray);
  // The same, of a type that the core loads where NumPy's same_kind rule lets it become one.
  Array bias(PyObject* ndarray);

 private:
  void read(PyObject* object, Value& value, int depth);
  void read_real(PyObject* object, Value& value);
  void read_sequence(PyObject* object, Value& value, int depth);
  PyObject* from_sequence(const char* name, PyObject* object, PyObject* like);
  PyObject* from_protocol(PyObject* object);  // null where it offers none that works
  Array cast(const Array& array, const py::object& dtype);
  PyObject* own(PyObject* reference);  // steals it; throws on null

  const char* call_;
  std::int64_t longest_, most_;
  std::unique_ptr<Value[]> items_;  // of sequences, made when there is one
  std::int64_t items_used_ = 0;
  static constexpr int kMostArrays = 4;
  std::int64_t extents_[2 * kMostArrays][kMaxNdim];  // of arrays: shape, strides
  int extents_used_ = 0;
  std::vector<py::object> owned_;
};

// The ndarray given as `out`, as it is; a Refusal for anything else.
Array out_array(const char* call, PyObject* object);

bool is_sequence_of_numbers(PyObject* object);  // a list or tuple: has no dtype of its own

}  // namespace cconv
