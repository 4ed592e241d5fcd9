// Contiguous float32 arrays of random numbers, in the memory that results live in.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <random>
#include <utility>
#include <vector>

#include "problem/arguments.h"
#include "runtime/result_memory.h"

namespace cconv::bench {

using Shape = std::vector<std::int64_t>;
constexpr std::int64_t kItem = sizeof(float);

inline std::int64_t count_of(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

class Tensor {
 public:
  // Without memory it has a shape only, to be judged.
  explicit Tensor(Shape shape, bool with_memory = true)
      : shape_(std::move(shape)), strides_(shape_.size()) {
    std::int64_t step = kItem;
    for (std::size_t i = shape_.size(); i-- > 0; step *= shape_[i]) strides_[i] = step;
    if (with_memory) fill();
  }

  const Shape& strides() const { return strides_; }  // bytes
  std::byte* data() const { return static_cast<std::byte*>(memory_.get()); }

  // As an argument of a call; refers to the tensor.
  Array array() const {
    Array array;
    array.data = data();
    array.type = Type::float32;
    array.ndim = static_cast<int>(shape_.size());
    array.shape = shape_.data();
    array.strides = strides_.data();
    array.c_contiguous = true;
    return array;
  }

 private:
  struct Give {
    void operator()(void* memory) const { give_result(memory); }
  };

  void fill() {
    memory_.reset(take_result(static_cast<std::size_t>(count_of(shape_) * kItem)));
    if (memory_ == nullptr) throw std::bad_alloc();
    std::minstd_rand random;
    std::uniform_real_distribution<float> uniform(-1, 1);
    auto* const numbers = static_cast<float*>(memory_.get());
    for (std::int64_t i = 0; i < count_of(shape_); ++i) numbers[i] = uniform(random);
  }

  Shape shape_, strides_;
  std::unique_ptr<void, Give> memory_;
};

}  // namespace cconv::bench
