#include "bindings/numpy.h"

#include <atomic>

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

void find_numpy() { numpy_functions = &npy_api::get(); }

bool is_array(PyObject* object) {
  return PyObject_TypeCheck(object, numpy_api().PyArray_Type_) != 0;
}

bool is_plain_array(PyObject* object) { return Py_TYPE(object) == numpy_api().PyArray_Type_; }

std::byte* data_of(const py::object& ndarray) {
  return reinterpret_cast<std::byte*>(py::detail::array_proxy(ndarray.ptr())->data);
}

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

Type type_of(const py::dtype& dtype) {
  return dtype.byteorder() == (PY_LITTLE_ENDIAN ? '>' : '<') ? Type::other
                                                             : type_of_descr(dtype.ptr());
}

py::dtype dtype_of(Type type) {
  return py::reinterpret_steal<py::dtype>(numpy_api().PyArray_DescrFromType_(number_of_type(type)));
}

}  // namespace cconv
