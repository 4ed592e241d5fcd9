#include "bindings/results.h"

#include <cstring>

#include "bindings/arguments.h"
#include "problem/window.h"
#include "runtime/result_memory.h"

namespace cconv {
namespace {

// NumPy's interface for allocators, version 1 (NEP 49).
struct Allocator {
  void* context;
  void* (*malloc)(void*, std::size_t);
  void* (*calloc)(void*, std::size_t, std::size_t);
  void* (*realloc)(void*, void*, std::size_t);
  void (*free)(void*, void*, std::size_t);
};
struct Handler {
  char name[127];
  std::uint8_t version;
  Allocator allocator;
};

Handler handler = {"cconv",
                   1,
                   {nullptr, [](void*, std::size_t bytes) { return take_result(bytes); },
                    [](void*, std::size_t count, std::size_t size) -> void* {
                      std::size_t bytes = 0;
                      if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
                      void* const data = take_result(bytes);
                      return data ? std::memset(data, 0, bytes) : nullptr;
                    },
                    [](void*, void* data, std::size_t bytes) { return resize_result(data, bytes); },
                    [](void*, void* data, std::size_t) { give_result(data); }}};

// Both found at import.
PyObject* capsule = nullptr;  // of the handler
PyObject* (*set_handler)(PyObject*) = nullptr;

// Makes NumPy allocate with our handler for as long as it lives: in a context of its own, so that
// nothing can fail on the way back.
class UseHandler {
 public:
  UseHandler() : context_(py::reinterpret_steal<py::object>(PyContext_CopyCurrent())) {
    if (!context_ || PyContext_Enter(context_.ptr()) != 0) throw py::error_already_set();
    const auto before = py::reinterpret_steal<py::object>(set_handler(capsule));
    if (before) return;
    PyContext_Exit(context_.ptr());
    throw py::error_already_set();
  }
  ~UseHandler() { PyContext_Exit(context_.ptr()); }
  UseHandler(const UseHandler&) = delete;
  UseHandler& operator=(const UseHandler&) = delete;

 private:
  py::object context_;
};

}  // namespace

void add_results() {
  constexpr int kSetHandler = 304;  // PyDataMem_SetHandler in NumPy's table
  const py::object table = py::detail::import_numpy_core_submodule("multiarray").attr("_ARRAY_API");
  auto* const functions = static_cast<void**>(PyCapsule_GetPointer(table.ptr(), nullptr));
  if (functions == nullptr) throw py::error_already_set();
  set_handler = reinterpret_cast<PyObject* (*)(PyObject*)>(functions[kSetHandler]);
  capsule = PyCapsule_New(&handler, "mem_handler", nullptr);
  if (capsule == nullptr) throw py::error_already_set();
}

py::object new_array(py::dtype dtype, int ndim, const std::int64_t* shape) {
  std::int64_t bytes = dtype.itemsize();
  for (int i = 0; i < ndim; ++i) bytes = saturating_multiply(bytes, shape[i]);
  const auto make = [&] {
    const auto& numpy = py::detail::npy_api::get();
    auto array = py::reinterpret_steal<py::object>(numpy.PyArray_NewFromDescr_(
        numpy.PyArray_Type_, dtype.release().ptr(), ndim,
        reinterpret_cast<const Py_intptr_t*>(shape), nullptr, nullptr, 0, nullptr));
    if (!array) throw py::error_already_set();
    return array;
  };
  if (bytes < static_cast<std::int64_t>(kLargeResult)) return make();
  const UseHandler handler;
  return make();
}

py::object new_array(Type type, int ndim, const std::int64_t* shape) {
  return new_array(dtype_of(type), ndim, shape);
}

}  // namespace cconv
