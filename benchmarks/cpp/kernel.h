// What a level can do at most: arithmetic in registers, reading.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa/levels.h"

namespace cconv::bench {

struct Kernels {
  double flop_float32, flop_float64;  // of one step
  // `steps` times acc = acc * a + b on independent vectors; returns their sum, so that they are
  // computed at all.
  float (*chains_float32)(std::int64_t steps, float a, float b);
  double (*chains_float64)(std::int64_t steps, double a, double b);
  // The sum of whole groups of vectors among the numbers.
  float (*read)(const std::byte* numbers, std::int64_t bytes);
};

CCONV_DECLARE_KERNELS(Kernels)

}  // namespace cconv::bench
