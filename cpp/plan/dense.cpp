#include "plan/dense.h"

#include <algorithm>

#include "algorithms/rows/kernel.h"
#include "problem/window.h"

namespace cconv {
namespace {

// The axes from `axis` on; the last two are a patch.
std::byte* copy_axes(const Array& a, int axis, const std::byte* src, rows::Load load,
                     std::int64_t size, std::byte* dst) {
  const int left = a.ndim - axis;
  if (left > 2) {
    for (std::int64_t i = 0; i < a.shape[axis]; ++i)
      dst = copy_axes(a, axis + 1, src + i * a.strides[axis], load, size, dst);
    return dst;
  }
  const int last = a.ndim - 1;
  const std::int64_t rows = left == 2 ? a.shape[axis] : 1;
  const std::int64_t count = left >= 1 ? a.shape[last] : 1;
  load({src, left == 2 ? a.strides[axis] : 0, left >= 1 ? a.strides[last] : 0, rows, count}, dst,
       count);
  return dst + rows * count * size;
}

}  // namespace

std::int64_t count_of(const Array& array) {
  std::int64_t count = 1;
  for (int i = 0; i < array.ndim; ++i) count *= array.shape[i];
  return count;
}

void copy_dense(const Array& array, Type type, std::byte* dst) {
  if (count_of(array) == 0) return;
  const rows::Load load = rows::kernels().load[static_cast<int>(array.type)][sum_index(type)];
  copy_axes(array, 0, array.data, load, size_of(type), dst);
}

Dense::Dense(const Array& array, Type type) : data_(array.data) {
  if (array.c_contiguous && array.type == type) return;
  copy_.resize(static_cast<std::size_t>(saturating_multiply(count_of(array), size_of(type))));
  copy_dense(array, type, copy_.data());
  data_ = copy_.data();
}

}  // namespace cconv
