#include "bindings/dlpack.h"

#include <cstdint>
#include <vector>

namespace cconv {
namespace py = pybind11;
namespace {

// What a capsule named "dltensor" points to begins with this (DLPack's C interface).
struct Tensor {
  std::byte* data;
  std::int32_t device, device_id;
  std::int32_t ndim;
  std::uint8_t kind, bits;
  std::uint16_t lanes;
  const std::int64_t* shape;
  const std::int64_t* strides;  // in elements; null: C order
  std::uint64_t byte_offset;
};
constexpr std::int32_t kCpu = 1;
constexpr std::uint8_t kBfloat = 4;

}  // namespace

py::object bfloat16_from_dlpack(py::handle tensor) {
  const py::object capsule = tensor.attr("__dlpack__")();
  if (!PyCapsule_IsValid(capsule.ptr(), "dltensor")) return {};
  const auto& t = *static_cast<const Tensor*>(PyCapsule_GetPointer(capsule.ptr(), "dltensor"));
  if (t.device != kCpu || t.kind != kBfloat || t.bits != 16 || t.lanes != 1) return {};
  py::object scalar;
  try {
    scalar = py::module_::import("ml_dtypes").attr("bfloat16");
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_ImportError)) throw;
    return {};
  }
  const py::dtype dtype = py::dtype::from_args(scalar);
  const std::vector<py::ssize_t> shape(t.shape, t.shape + t.ndim);
  std::vector<py::ssize_t> strides;
  if (t.strides != nullptr)
    for (int i = 0; i < t.ndim; ++i) strides.push_back(t.strides[i] * dtype.itemsize());
  // The capsule, kept as it is, frees the tensor when the array is gone.
  return py::array(dtype, shape, strides, t.data + t.byte_offset, capsule);
}

}  // namespace cconv
