// The last steps of a row at every level: bias and the activations without a smooth curve exactly,
// whole vectors only.  test_math.cpp judges the smooth ones.
#include <limits>
#include <vector>

#include "algorithms/direct/kernel.h"
#include "algorithms/rows/kernel.h"
#include "cases.h"
#include "guarded.h"

namespace cconv::rows {
namespace {

template <class T>
void run(Level level, T* row, std::int64_t count, const Finish<T>& finish) {
  if constexpr (sizeof(T) == 4)
    kernels(level).finish_float32(row, count, finish);
  else
    kernels(level).finish_float64(row, count, finish);
}

template <class T>
T expected(Activation activation, T y, T slope) {
  switch (activation) {
    case Activation::relu:
      return y < 0 ? T(0) : y;
    case Activation::relu6:
      return y < 0 ? T(0) : y > 6 ? T(6) : y;
    case Activation::leaky_relu:
      return y < 0 ? y * slope : y;
    default:
      return y;
  }
}

constexpr Activation kExact[] = {Activation::none, Activation::relu, Activation::relu6,
                                 Activation::leaky_relu};

TEST_CASE_TEMPLATE("finish: bias, then the activation; NaN and infinities pass", T, float, double) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  const T specials[] = {T(-0.0), T(0), T(6), T(-kInfinity), kInfinity,
                        std::numeric_limits<T>::quiet_NaN()};
  for_each_level([&](Level level) {
    const std::int64_t lanes =
        sizeof(T) == 4 ? direct::kernels(level).lanes_float32 : direct::kernels(level).lanes_float64;
    Guarded memory(static_cast<std::size_t>(4 * lanes) * sizeof(T));
    Random random(4);
    for (const Activation activation : kExact)
      for (std::int64_t count = 0; count <= 3 * lanes + 1; ++count)
        for (const T bias : {T(0), T(0.75), T(-3)}) {
          INFO("activation ", static_cast<int>(activation), " count ", count, " bias ", bias);
          const auto padded = static_cast<std::size_t>((count + lanes - 1) / lanes * lanes);
          T* const row = reinterpret_cast<T*>(memory.last(padded * sizeof(T)));
          std::vector<T> before(padded);
          for (T& y : before)
            y = random.between(0, 3) ? static_cast<T>(8 * random.unit()) : specials[random.between(0, 5)];
          std::copy(before.begin(), before.end(), row);

          run<T>(level, row, count, {bias, activation, T(0.25)});
          bool right = memory.rest_is_untouched();
          for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
            right &= same(row[i], expected(activation, before[i] + bias, T(0.25)));
          CHECK(right);
        }
  });
}

}  // namespace
}  // namespace cconv::rows
