// The tensors that NumPy's from_dlpack does not know: bfloat16 ones.
#pragma once

#include <pybind11/numpy.h>

namespace cconv {

// A view of a bfloat16 tensor on the CPU, in the dtype of ml_dtypes; null for any other, or
// where ml_dtypes is not installed.
pybind11::object bfloat16_from_dlpack(pybind11::handle tensor);

}  // namespace cconv
