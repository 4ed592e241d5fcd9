// The route of one call of pad: read the arguments, judge them, let NumPy cast the values of the
// border, allocate, run.  Elements are bytes of any size; only those that are references to Python
// objects stay with NumPy.
#include "bindings/pad.h"

#include <algorithm>

#include "algorithms/padding/room.h"
#include "bindings/arguments.h"
#include "bindings/methods.h"
#include "bindings/results.h"
#include "bindings/running.h"
#include "problem/validate_pad.h"

namespace cconv {
namespace {

constexpr const char* kCall = "pad";

enum Position { kArray, kPadWidth, kMode, kConstantValues, kArguments };

py::object attribute_of_numpy(const char* name) { return py::module_::import("numpy").attr(name); }

bool is_zero_int(PyObject* object) {
  return PyLong_CheckExact(object) && PyObject_IsTrue(object) == 0;
}

// Anything but a number is left unread: NumPy reads it.
void read_number(Arguments& arguments, PyObject* object, Value& value) {
  value.kind = Value::Kind::other;
  value.object = object;
  if (PyIndex_Check(object) || PyFloat_Check(object) || PyComplex_Check(object) ||
      py::isinstance(object, attribute_of_numpy("number")))
    arguments.read(object, value);
}

// Sequences as lists of the entries they say they have, where these are no more than `most`: NumPy
// reads one to its end, which may never come.  Null where they are more, or nested deeper.
py::object as_lists(py::handle object, Py_ssize_t most, int depth) {
  PyObject* const o = object.ptr();
  if (!PySequence_Check(o) || PyUnicode_Check(o) || PyObject_CheckBuffer(o) ||
      PyObject_HasAttrString(o, "__array__"))
    return py::reinterpret_borrow<py::object>(object);
  const Py_ssize_t size = PySequence_Size(o);
  if (size < 0 && !PyErr_ExceptionMatches(PyExc_OverflowError)) throw py::error_already_set();
  PyErr_Clear();
  if (size < 0 || size > most || depth == 0) return {};
  py::list list;
  for (Py_ssize_t i = 0; i < size; ++i) {
    const auto entry = py::reinterpret_steal<py::object>(PySequence_GetItem(o, i));
    if (!entry) throw py::error_already_set();
    const py::object read = as_lists(entry, most, depth - 1);
    if (!read) return {};
    list.append(read);
  }
  return list;
}

// constant_values as an array, and the element of it that a side of an axis takes: the forms of
// numpy.pad.
class Values {
 public:
  Values(PyObject* object, int ndim) {
    const auto refuse = [&](const std::string& why) {
      throw Refusal(Refusal::Kind::value,
                    std::string(kCall) + ": constant_values " + describe().value(object) + " " +
                        why + "; a value, a (before, after) pair or one pair per axis would do");
    };
    py::object array;
    try {
      const py::object lists = as_lists(object, std::max(ndim, 2), 2);
      if (!lists) refuse("has too many entries");
      array = attribute_of_numpy("array")(lists);
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_ValueError) && !error.matches(PyExc_TypeError) &&
          !error.matches(PyExc_IndexError) && !error.matches(PyExc_BufferError))
        throw;
      refuse("is no array");
    }
    const Array a = array_of(array.ptr());
    std::int64_t size = 1;
    for (int i = 0; i < a.ndim; ++i) size *= a.shape[i];
    const bool column = a.ndim == 2 && a.shape[0] == 2;  // one value for each of two axes
    if (a.ndim < 3 && (size == 1 || (size == 2 && !column))) {
      values_ = array.attr("ravel")();
      count_ = size;
      return;
    }
    try {
      values_ = attribute_of_numpy("broadcast_to")(array, py::make_tuple(ndim, 2)).attr("tolist")();
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_ValueError)) throw;
      refuse("does not fit an array of " + std::to_string(ndim) + " axes");
    }
  }

  bool same_everywhere() const { return count_ == 1; }
  py::object of(int axis, int side) const {
    if (count_ > 0) return values_[py::int_(count_ == 1 ? 0 : side)];
    return values_[py::int_(axis)][py::int_(side)];
  }

 private:
  py::object values_;
  std::int64_t count_ = 0;  // 1 or 2 for all axes; 0: a pair per axis
};

// The values of a constant border as elements of the array's dtype: cast by NumPy, as numpy.pad
// would.  Returns what holds them.
py::object cast_values(PyObject* object, const py::dtype& dtype, PadProblem& p) {
  const Values values(object, p.ndim);
  // A last axis of 1, so that an assignment is one to an array, as in numpy.pad.
  py::object slots = attribute_of_numpy("zeros")(py::make_tuple(p.ndim, 2, 1), dtype);
  const std::byte* const data = array_of(slots.ptr()).data;
  const std::byte* first = nullptr;
  for (int i = 0; i < p.ndim; ++i)
    for (int side = 0; side < 2; ++side) {
      PadAxis& axis = p.axis[i];
      if ((side ? axis.after : axis.before) == 0) continue;
      const std::byte*& value = axis.value[side];
      value = first;
      if (first != nullptr && values.same_everywhere()) continue;
      value = data + (2 * i + side) * p.item;
      if (first == nullptr) first = value;
      try {
        slots[py::make_tuple(i, side)] = values.of(i, side);
      } catch (py::error_already_set& error) {
        if (!error.matches(PyExc_ValueError) && !error.matches(PyExc_TypeError) &&
            !error.matches(PyExc_OverflowError))
          throw;
        throw Refusal(error.matches(PyExc_TypeError) ? Refusal::Kind::type : Refusal::Kind::value,
                      std::string(kCall) + ": constant_values " + describe().value(object) +
                          " does not go into an array of dtype " + std::string(py::str(dtype)) +
                          "; a value that NumPy casts to it would do");
      }
    }
  return slots;
}

// Python code has run since the array was judged: it may have given it other memory or another
// form.
void require_unchanged(PyObject* ndarray, const Array& judged, const py::dtype& dtype) {
  const Array now = array_of(ndarray);
  const auto same = [&](const std::int64_t* a, const std::int64_t* b) {
    return std::equal(a, a + judged.ndim, b);
  };
  if (now.data != judged.data || now.ndim != judged.ndim || !same(now.shape, judged.shape) ||
      !same(now.strides, judged.strides) || py::detail::array_proxy(ndarray)->descr != dtype.ptr())
    throw Refusal(Refusal::Kind::value,
                  std::string(kCall) +
                      ": array changed while constant_values were read; values that leave it alone "
                      "would do");
}

// Elements that are references: a constant border is NumPy's own, the others take what lies at the
// padded indices.
py::object pad_references(PyObject* ndarray, const PadProblem& p, PyObject* const* args) {
  const py::handle plain(ndarray);
  py::list widths;
  for (int i = 0; i < p.ndim; ++i) widths.append(py::make_tuple(p.axis[i].before, p.axis[i].after));
  if (p.ndim == 0) return plain.attr("copy")();
  if (p.border == Border::constant)
    return attribute_of_numpy("ascontiguousarray")(attribute_of_numpy("pad")(
        plain, widths, "constant", py::arg("constant_values") = py::handle(args[kConstantValues])));
  const py::object index =
      attribute_of_numpy("arange")(plain.attr("size")).attr("reshape")(plain.attr("shape"));
  const py::object pad = py::module_::import("cconv._core").attr("pad");
  return plain.attr("reshape")(-1).attr("take")(pad(index, widths, py::handle(args[kMode]), 0));
}

PyObject* pad(PyObject*, PyObject* const* args, Py_ssize_t count) noexcept {
  return guarded(kCall, [&] {
    require_arguments(kCall, count, kArguments);
    Arguments arguments(kCall);
    PyObject* const ndarray = arguments.ndarray("array", args[kArray]);
    const std::int64_t axes = std::max(array_of(ndarray).ndim, 2);

    PadArguments a;
    a.describe = describe();
    Arguments widths(kCall, axes, 8 * axes);
    std::unique_ptr<Value[]> entries;
    py::object items;
    a.by_axis = PyDict_Check(args[kPadWidth]);
    if (a.by_axis) {
      items = py::reinterpret_steal<py::object>(PyDict_Items(args[kPadWidth]));
      if (!items) throw py::error_already_set();
      a.entries = PyList_GET_SIZE(items.ptr());
      if (a.entries > 2 * axes)
        throw Refusal(Refusal::Kind::value,
                      "pad: pad_width names more axes (" + std::to_string(a.entries) +
                          ") than the array has; one width per axis would do");
      entries = std::make_unique<Value[]>(static_cast<std::size_t>(2 * a.entries));
      a.axes = entries.get();
      a.widths = entries.get() + a.entries;
      for (std::int64_t i = 0; i < a.entries; ++i) {
        PyObject* const pair = PyList_GET_ITEM(items.ptr(), i);
        widths.read(PyTuple_GET_ITEM(pair, 0), entries[static_cast<std::size_t>(i)]);
        widths.read(PyTuple_GET_ITEM(pair, 1), entries[static_cast<std::size_t>(a.entries + i)]);
      }
    } else {
      widths.read(args[kPadWidth], a.pad_width);
    }
    arguments.read(args[kMode], a.mode);
    read_number(arguments, args[kConstantValues], a.constant_values);

    const auto dtype = py::reinterpret_borrow<py::dtype>(py::detail::array_proxy(ndarray)->descr);
    const bool references = (dtype.flags() & 1) != 0;  // NPY_ITEM_REFCOUNT
    const Array src = arguments.snapshot(ndarray);
    a.ndim = src.ndim;
    a.shape = src.shape;
    a.item = dtype.itemsize();
    PadProblem p;
    validate_pad(a, p);
    if (references) return pad_references(ndarray, p, args).release().ptr();

    std::int64_t shape[kMaxNdim];
    bool bordered = false;
    for (int i = 0; i < p.ndim; ++i) {
      shape[i] = p.axis[i].out();
      bordered |= shape[i] > p.axis[i].in;
      p.axis[i].stride = src.strides[i];
    }
    const bool zero = is_zero_int(args[kConstantValues]) && type_of(dtype) != Type::other;
    py::object values;
    if (p.border == Border::constant && bordered && !zero) {
      values = cast_values(args[kConstantValues], dtype, p);
      require_unchanged(ndarray, src, dtype);
    }
    py::object result = new_array(dtype, p.ndim, shape);
    p.src = src.data;
    p.dst = data_of(result);
    const double seconds = padding::cost(p);
    run_work(seconds, [&](int threads, Stop& stop) {
      padding::run(p, threads_worth(seconds, threads), stop);
    });
    return result.release().ptr();
  });
}

PyMethodDef methods[] = {
    method(kCall, pad),
    {},
};

}  // namespace

void add_pad(py::module_& module) {
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace cconv
