#include "bindings/arguments.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <new>

#include "bindings/dlpack.h"
#include "problem/window.h"

namespace cconv {
namespace {

using py::detail::npy_api;

// Found at import.  A static of a function would be made under a guard, and NumPy's import lets the
// interpreter lock go: two first calls at once would wait for each other.
const npy_api* numpy_functions = nullptr;

const npy_api& numpy_api() { return *numpy_functions; }

// Type numbers of NumPy's scalar types in the order of its C interface.
Type type_of_number(int number) {
  constexpr Type kLong = sizeof(long) == 8 ? Type::int64 : Type::int32;
  constexpr Type kUnsignedLong = sizeof(long) == 8 ? Type::uint64 : Type::uint32;
  constexpr Type kTypeOf[] = {Type::boolean, Type::int8,  Type::uint8,     Type::int16,
                              Type::uint16,  Type::int32, Type::uint32,    kLong,
                              kUnsignedLong, Type::int64, Type::uint64,    Type::float32,
                              Type::float64, Type::other, Type::complex64, Type::complex128};
  constexpr int kHalf = 23;
  if (number == kHalf) return Type::float16;
  return number >= 0 && number < static_cast<int>(std::size(kTypeOf)) ? kTypeOf[number]
                                                                      : Type::other;
}

// bfloat16 is a type that ml_dtypes adds: its number is known once it was met.
std::atomic<int> bfloat16_number{-1};

bool is_bfloat16(PyObject* descr, int number) {
  constexpr int kFirstAdded = 256;
  if (number < kFirstAdded) return false;
  if (number == bfloat16_number.load(std::memory_order_relaxed)) return true;
  const py::handle scalar(py::detail::array_descriptor_proxy(descr)->typeobj);
  const auto text = [&](const char* name) { return py::cast<std::string>(scalar.attr(name)); };
  if (text("__name__") != "bfloat16" || text("__module__") != "ml_dtypes") return false;
  bfloat16_number.store(number, std::memory_order_relaxed);
  return true;
}

Type type_of_descr(PyObject* descr) {
  const int number = py::detail::array_descriptor_proxy(descr)->type_num;
  return is_bfloat16(descr, number) ? Type::bfloat16 : type_of_number(number);
}

int number_of_type(Type type) {
  if (type == Type::bfloat16) return bfloat16_number.load(std::memory_order_relaxed);
  for (int number = 0; number < 24; ++number)
    if (type_of_number(number) == type) return number;
  return -1;
}

}  // namespace

Array array_of(PyObject* object) {
  const auto* const array = py::detail::array_proxy(object);
  const auto* const dtype = py::detail::array_descriptor_proxy(array->descr);
  Array result;
  result.data = reinterpret_cast<std::byte*>(array->data);
  result.type = type_of_descr(array->descr);
  result.ndim = array->nd;
  static_assert(sizeof(py::ssize_t) == sizeof(std::int64_t), "64-bit platforms only");
  result.shape = reinterpret_cast<const std::int64_t*>(array->dimensions);
  result.strides = reinterpret_cast<const std::int64_t*>(array->strides);
  result.writable = (array->flags & npy_api::NPY_ARRAY_WRITEABLE_) != 0;
  result.c_contiguous = (array->flags & npy_api::NPY_ARRAY_C_CONTIGUOUS_) != 0;
  const char order = dtype->byteorder;
  result.native = order == '=' || order == '|' || order == (PY_LITTLE_ENDIAN ? '<' : '>');
  result.object = object;
  return result;
}

namespace {

bool is_array(PyObject* object) {
  return PyObject_TypeCheck(object, numpy_api().PyArray_Type_) != 0;
}

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

void find_numpy() { numpy_functions = &npy_api::get(); }

Describe describe() { return {describe_value, describe_dtype}; }

Type type_of(const py::dtype& dtype) {
  return dtype.byteorder() == (PY_LITTLE_ENDIAN ? '>' : '<') ? Type::other
                                                             : type_of_descr(dtype.ptr());
}

py::dtype dtype_of(Type type) {
  return py::reinterpret_steal<py::dtype>(numpy_api().PyArray_DescrFromType_(number_of_type(type)));
}

bool is_sequence_of_numbers(PyObject* object) {
  return PyList_Check(object) || PyTuple_Check(object);
}

namespace {

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

PyObject* Arguments::ndarray(const char* name, PyObject* object, PyObject* like) {
  if (Py_TYPE(object) == numpy_api().PyArray_Type_) return object;
  const py::module_ numpy = py::module_::import("numpy");
  if (is_array(object)) return own(numpy.attr("asarray")(py::handle(object)).release().ptr());
  PyObject* found = object;
  // Each way of being an array in turn; TypeError and BufferError mean: try the next.
  const auto attempt = [&](auto&& convert, PyObject* another_error = PyExc_TypeError) {
    try {
      if (py::object array = convert()) found = own(array.release().ptr());
      return is_array(found);
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_TypeError) && !error.matches(PyExc_BufferError) &&
          !error.matches(another_error))
        throw;
      return false;
    }
  };
  const py::handle h(object);
  bool done = false;
  if (is_sequence_of_numbers(object)) {
    const bool adopts = like != nullptr && is_float(array_of(like).type);
    try {
      py::object read = numpy.attr("asarray")(h);
      if (adopts && is_real_number(array_of(read.ptr()).type))
        read = read.attr("astype")(dtype_of(array_of(like).type));
      found = own(read.release().ptr());
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_ValueError) && !error.matches(PyExc_TypeError)) throw;
      throw Refusal(error.matches(PyExc_TypeError) ? Refusal::Kind::type : Refusal::Kind::value,
                    std::string(call_) + ": " + name +
                        " is no array of numbers: " + one_line(py::str(error.value()).ptr()));
    }
    done = true;
  }
  if (!done && PyObject_CheckBuffer(object))
    done = attempt(
        [&] {
          return py::object(
              numpy.attr("asarray")(py::handle(own(PyMemoryView_FromObject(object)))));
        },
        PyExc_ValueError);  // of a released memoryview, or a format that NumPy does not know
  if (!done && PyObject_HasAttrString(object, "__array__"))
    done = attempt([&] { return py::object(numpy.attr("asarray")(h)); });
  if (!done && PyObject_HasAttrString(object, "__dlpack__"))
    done = attempt([&] { return py::object(numpy.attr("from_dlpack")(h)); },
                   PyExc_RuntimeError) ||  // NumPy's for a type or device it does not know
           attempt([&] { return bfloat16_from_dlpack(h); }, PyExc_RuntimeError);
  if (!done)
    throw Refusal(Refusal::Kind::type,
                  std::string(call_) + ": " + name + " " + describe_value(object) +
                      " is no array; an ndarray, a nested list, or an object with the "
                      "buffer protocol, __array__ or __dlpack__ on the CPU would do");
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
    throw Refusal(Refusal::Kind::type, std::string(call) + ": out " + describe_value(object) +
                                           " is no array; an ndarray would do");
  return array_of(object);
}

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
