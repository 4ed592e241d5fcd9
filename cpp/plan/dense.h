// Weights and biases as the rooms take them: contiguous, in the type of the sum.
#pragma once

#include <cstddef>
#include <vector>

#include "problem/arguments.h"

namespace cconv {

// Views an array that is dense already, else holds a copy that is.  Throws std::bad_alloc.
class Dense {
 public:
  Dense() = default;
  Dense(const Array& array, Type type);

  const std::byte* data() const { return data_; }

 private:
  std::vector<std::byte> copy_;
  const std::byte* data_ = nullptr;
};

// Copies `array` to `dst` in C order, each element cast to `type`.
void copy_dense(const Array& array, Type type, std::byte* dst);

std::int64_t count_of(const Array& array);

}  // namespace cconv
