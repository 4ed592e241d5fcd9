#include "bindings/arguments.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "bindings/dlpack.h"
#include "problem/window.h"

namespace cconv {
namespace {

bool is_complex(PyObject* object) {
  return PyComplex_Check(object) ||
         py::isinstance(object, py::module_::import("numpy").attr("complexfloating"));
}

bool is_numpy_bool(PyObject* object) {
  const py::dtype boolean = dtype_of(Type::boolean);
  auto* const scalar =
      reinterpret_cast<PyTypeObject*>(py::detail::array_descriptor_proxy(boolean.ptr())->typeobj);
  return PyObject_TypeCheck(object, scalar) != 0;
}

// An integer beyond 64 bits.
void read_huge(PyObject* object, int sign, Value& v) {
  v.real = PyLong_AsDouble(object);
  if (PyErr_Occurred()) v.real = sign * std::numeric_limits<double>::infinity();
  PyErr_Clear();
  v.integer = static_cast<std::int64_t>(PyLong_AsUnsignedLongLong(object));
  v.is_uint64 = PyErr_Occurred() == nullptr;
  PyErr_Clear();
}

void read_complex(PyObject* object, Value& v) {
  const Py_complex value = PyComplex_AsCComplex(object);
  if (PyErr_Occurred()) throw py::error_already_set();
  v.kind = Value::Kind::complex;
  v.real = value.real;
  v.imaginary = value.imag;
}

// What an argument could be instead of something that is no array.
const char* remedy(std::string_view name, PyObject* object) {
  const bool number = PyLong_Check(object) || PyFloat_Check(object);
  const bool text = PyUnicode_Check(object);
  if (name == "bias" && (number || text))
    return "one of shape (O,), or None before stride and padding, would do";
  if (name == "weight" && number)
    return "the weights themselves, of axes (O, C/groups, taps), would do";
  if (text || PyObject_HasAttrString(object, "__fspath__"))
    return "what numpy.load or numpy.asarray(PIL.Image.open(...)) reads from a file would do";
  return "an ndarray, a nested list, or an object with the buffer protocol, __array__ or "
         "__dlpack__ on the CPU would do";
}

}  // namespace

PyObject* Arguments::own(PyObject* reference) {
  if (reference == nullptr) throw py::error_already_set();
  owned_.push_back(py::reinterpret_steal<py::object>(reference));
  return reference;
}

void Arguments::read(PyObject* object, Value& v, int depth) {
  v.object = object;
  if (PyLong_CheckExact(object)) {
    int overflow = 0;
    v.integer = PyLong_AsLongLongAndOverflow(object, &overflow);
    v.kind = overflow ? Value::Kind::huge : Value::Kind::integer;
    if (overflow) read_huge(object, overflow, v);
  } else if (object == Py_None) {
    v.kind = Value::Kind::none;
  } else if (PyBool_Check(object)) {
    v.kind = Value::Kind::boolean;
    v.integer = object == Py_True;
  } else if (PyUnicode_Check(object)) {
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(object, &size);
    v.kind = text ? Value::Kind::text : Value::Kind::other;
    if (text)
      v.text = {text, static_cast<std::size_t>(size)};
    else
      PyErr_Clear();  // a lone surrogate is no word of ours
  } else if (PyFloat_Check(object)) {
    v.kind = Value::Kind::real;
    v.real = PyFloat_AS_DOUBLE(object);
  } else if (PyTuple_Check(object) || PyList_Check(object) ||
             (is_array(object) && py::detail::array_proxy(object)->nd > 0)) {
    read_sequence(object, v, depth);
  } else if (is_numpy_bool(object) ||
             (is_array(object) && array_of(object).type == Type::boolean)) {
    v.kind = Value::Kind::boolean;
    v.integer = PyObject_IsTrue(object);
  } else if (PyIndex_Check(object)) {
    PyObject* const index = PyNumber_Index(object);  // an int, or a subclass of it
    if (index != nullptr) {
      const auto exact = py::reinterpret_steal<py::object>(PyNumber_Long(own(index)));
      if (!exact) throw py::error_already_set();
      read(exact.ptr(), v, depth);
      v.object = object;
    } else if (PyErr_ExceptionMatches(PyExc_TypeError)) {  // an array of floats has __index__ too
      PyErr_Clear();
      v.kind = Value::Kind::other;
      if (is_array(object) && is_float(array_of(object).type)) read_real(object, v);
    } else {
      throw py::error_already_set();
    }
  } else if (PySequence_Check(object) && !PyBytes_Check(object) && !PyByteArray_Check(object)) {
    read_sequence(object, v, depth);
  } else {
    v.kind = Value::Kind::other;
    if (is_complex(object)) return read_complex(object, v);
    const PyNumberMethods* const number = Py_TYPE(object)->tp_as_number;
    if (number != nullptr && number->nb_float != nullptr) read_real(object, v);
  }
}

// What float() makes of the object; v stays as it is where that is no float, or beyond them.
void Arguments::read_real(PyObject* object, Value& v) {
  const auto real = py::reinterpret_steal<py::object>(PyNumber_Float(object));
  if (real) {
    v.kind = Value::Kind::real;
    v.real = PyFloat_AS_DOUBLE(real.ptr());
  } else if (PyErr_ExceptionMatches(PyExc_TypeError) ||
             PyErr_ExceptionMatches(PyExc_OverflowError)) {
    PyErr_Clear();
  } else {
    throw py::error_already_set();
  }
}

void Arguments::read_sequence(PyObject* object, Value& v, int depth) {
  v.kind = Value::Kind::other;
  if (depth >= 2) return;
  v.size = PySequence_Size(object);
  if (v.size < 0 && PyErr_ExceptionMatches(PyExc_OverflowError)) {
    PyErr_Clear();
    v.size = kMaxExtent;
  } else if (v.size < 0) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw py::error_already_set();
    PyErr_Clear();
    return;
  }
  v.kind = Value::Kind::sequence;
  if (v.size > longest_) return;  // longer than any argument may be: only its length matters
  PyObject* tuple = object;
  if (!PyTuple_CheckExact(object)) {
    tuple = own(PyTuple_New(static_cast<Py_ssize_t>(v.size)));
    for (Py_ssize_t i = 0; i < v.size; ++i) {
      PyObject* const item = PySequence_GetItem(object, i);
      if (item == nullptr && PyErr_ExceptionMatches(PyExc_IndexError)) {
        PyErr_Clear();
        throw Refusal(Refusal::Kind::value, std::string(call_) + ": a sequence said to have " +
                                                std::to_string(v.size) + " entries has " +
                                                std::to_string(i) +
                                                "; one that keeps its length would do");
      }
      if (item == nullptr && PyErr_ExceptionMatches(PyExc_NotImplementedError)) {
        PyErr_Clear();  // a memoryview of several axes
        v.kind = Value::Kind::other;
        return;
      }
      if (item == nullptr) throw py::error_already_set();
      PyTuple_SET_ITEM(tuple, i, item);
    }
  }
  if (!items_) items_ = std::make_unique<Value[]>(static_cast<std::size_t>(most_));
  if (items_used_ + v.size > most_)
    throw Refusal(Refusal::Kind::value,
                  std::string(call_) + ": the arguments hold too many sequences");
  v.items = items_.get() + items_used_;
  items_used_ += v.size;
  for (std::int64_t i = 0; i < v.size; ++i)
    read(PyTuple_GET_ITEM(tuple, i), const_cast<Value&>(v.items[i]), depth + 1);
}

bool is_sequence_of_numbers(PyObject* object) {
  return PyList_Check(object) || PyTuple_Check(object);
}

PyObject* Arguments::ndarray(const char* name, PyObject* object, PyObject* like) {
  if (is_plain_array(object)) return object;
  if (is_array(object)) {
    const py::module_ numpy = py::module_::import("numpy");
    return own(numpy.attr("asarray")(py::handle(object)).release().ptr());
  }
  if (is_sequence_of_numbers(object)) return from_sequence(name, object, like);
  if (PyObject* const found = from_protocol(object)) return found;
  throw Refusal(Refusal::Kind::type, std::string(call_) + ": " + name + " " +
                                         describe().value(object) + " is no array; " +
                                         remedy(name, object));
}

PyObject* Arguments::from_sequence(const char* name, PyObject* object, PyObject* like) {
  const bool adopts = like != nullptr && is_float(array_of(like).type);
  try {
    py::object read = py::module_::import("numpy").attr("asarray")(py::handle(object));
    if (adopts && is_real_number(array_of(read.ptr()).type))
      read = read.attr("astype")(dtype_of(array_of(like).type));
    return own(read.release().ptr());
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_ValueError) && !error.matches(PyExc_TypeError)) throw;
    throw Refusal(error.matches(PyExc_TypeError) ? Refusal::Kind::type : Refusal::Kind::value,
                  std::string(call_) + ": " + name +
                      " is no array of numbers: " + one_line(py::str(error.value()).ptr()));
  }
}

PyObject* Arguments::from_protocol(PyObject* object) {
  const py::module_ numpy = py::module_::import("numpy");
  const py::handle h(object);
  PyObject* found = nullptr;
  // TypeError, BufferError and the one that a protocol adds mean: try the next.
  const auto attempt = [&](bool offered, PyObject* also, auto&& convert) {
    if (found != nullptr || !offered) return;
    try {
      const py::object array = convert();
      if (array && is_array(array.ptr())) found = own(array.inc_ref().ptr());
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_TypeError) && !error.matches(PyExc_BufferError) &&
          !error.matches(also))
        throw;
    }
  };
  const auto has = [&](const char* name) { return PyObject_HasAttrString(object, name) != 0; };
  const auto asarray = [&](py::handle from) { return py::object(numpy.attr("asarray")(from)); };
  // ValueError: of a released memoryview, or a format that NumPy does not know.
  attempt(PyObject_CheckBuffer(object) != 0, PyExc_ValueError,
          [&] { return asarray(own(PyMemoryView_FromObject(object))); });
  attempt(has("__array__") || has("__array_interface__"), PyExc_TypeError,
          [&] { return asarray(h); });
  // RuntimeError: NumPy's of a type or device that it does not know.
  attempt(has("__dlpack__"), PyExc_RuntimeError,
          [&] { return py::object(numpy.attr("from_dlpack")(h)); });
  attempt(has("__dlpack__"), PyExc_RuntimeError, [&] { return bfloat16_from_dlpack(h); });
  return found;
}

Array Arguments::snapshot(PyObject* ndarray) {
  Array array = array_of(ndarray);
  const auto copy = [&](const std::int64_t* extents) {
    std::int64_t* const copied = extents_[extents_used_++];
    std::copy_n(extents, array.ndim, copied);
    return copied;
  };
  array.shape = copy(array.shape);
  array.strides = copy(array.strides);
  return array;
}

Array Arguments::array(PyObject* ndarray) {
  const Array array = snapshot(ndarray);
  return array.native ? array
                      : cast(array, py::handle(ndarray).attr("dtype").attr("newbyteorder")("="));
}

Array Arguments::bias(PyObject* ndarray) {
  const Array array = this->array(ndarray);
  if (array.type != Type::other) return array;
  const auto dtype =
      py::handle(static_cast<PyObject*>(const_cast<void*>(array.object))).attr("dtype");
  const py::object can_cast = py::module_::import("numpy").attr("can_cast");
  for (const Type widest : {Type::int64, Type::float64, Type::complex128})
    if (can_cast(dtype, dtype_of(widest), "same_kind").cast<bool>())
      return cast(array, dtype_of(widest));
  return array;
}

Array Arguments::cast(const Array& array, const py::object& dtype) {
  const py::handle object(static_cast<PyObject*>(const_cast<void*>(array.object)));
  Array result = array_of(own(object.attr("astype")(dtype).release().ptr()));
  const bool again = array.origin != nullptr;
  result.origin = again ? array.origin : array.data;
  result.origin_strides = again ? array.origin_strides : array.strides;
  result.origin_size = again ? array.origin_size : py::dtype(object.attr("dtype")).itemsize();
  return result;
}

Array out_array(const char* call, PyObject* object) {
  if (!is_array(object))
    throw Refusal(Refusal::Kind::type, std::string(call) + ": out " + describe().value(object) +
                                           " is no array; an ndarray would do");
  return array_of(object);
}

}  // namespace cconv
