// The last steps of a row at every level: bias and the activations without a smooth curve exactly,
// whole vectors only.  test_math.cpp judges the smooth ones.
#include <algorithm>
#include <iterator>
#include <limits>
#include <type_traits>
#include <vector>

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
  const T specials[] = {T(-0.0),       T(0),      T(6),
                        T(-kInfinity), kInfinity, std::numeric_limits<T>::quiet_NaN()};
  for_each_level([&](Level level) {
    const std::int64_t lanes =
        std::max<std::int64_t>(kernels(level).vector_bytes / static_cast<int>(sizeof(T)), 1);
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
            y = random.between(0, 3) ? static_cast<T>(8 * random.unit())
                                     : specials[random.between(0, 5)];
          std::copy(before.begin(), before.end(), row);

          run<T>(level, row, count, {bias, activation, T(0.25)});
          bool right = memory.rest_is_untouched();
          for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
            right &= same(row[i], expected(activation, before[i] + bias, T(0.25)));
          CHECK(right);
        }
  });
}

template <class T>
void run_integer(Level level, T* row, std::int64_t count, const Finish<T>& finish) {
  if constexpr (sizeof(T) == 4)
    kernels(level).finish_int32(row, count, finish);
  else
    kernels(level).finish_int64(row, count, finish);
}

TEST_CASE_TEMPLATE("finish: integers wrap, then relu or relu6", T, std::int32_t, std::int64_t) {
  using Limits = std::numeric_limits<T>;
  using Unsigned = std::make_unsigned_t<T>;
  constexpr T kRow[] = {
      0, 1, 5, 6, 7, -1, -2, 100, Limits::max(), Limits::min(), Limits::max() - 4};
  for_each_level([&](Level level) {
    for (const Activation activation : {Activation::none, Activation::relu, Activation::relu6})
      for (const T bias : {T(0), T(3), T(-3), Limits::max(), Limits::min()}) {
        INFO("activation ", static_cast<int>(activation), " bias ", bias);
        T row[std::size(kRow)];
        std::copy(std::begin(kRow), std::end(kRow), row);
        run_integer<T>(level, row, std::size(row), {bias, activation, 0});
        for (std::size_t i = 0; i < std::size(row); ++i) {
          const auto y =
              static_cast<T>(static_cast<Unsigned>(kRow[i]) + static_cast<Unsigned>(bias));
          CHECK(row[i] == expected(activation, y, T(0)));
        }
      }
  });
}

template <class R>
void check_complex(void (*finish)(Complex<R>*, std::int64_t, const Finish<Complex<R>>&),
                   Rotate<R> rotate) {
  constexpr std::int64_t kCount = 37;
  constexpr std::size_t kBytes = kCount * sizeof(Complex<R>);
  Guarded memory(kBytes + 1), rotated_memory(kBytes);
  std::byte* const from = memory.last(kBytes + 1);  // at an odd address
  auto* const rotated = reinterpret_cast<Complex<R>*>(rotated_memory.last(kBytes));
  Complex<R> row[kCount];
  for (int i = 0; i < kCount; ++i) row[i] = {R(i), R(-2 * i)};
  std::memcpy(from, row, kBytes);
  rotate(from, kCount, rotated);
  finish(row, kCount, {{R(0.5), R(-4)}, Activation::none, {}});
  for (int i = 0; i < kCount; ++i) {
    CHECK(rotated[i].real == R(2 * i));
    CHECK(rotated[i].imaginary == R(i));
    CHECK(row[i].real == R(i) + R(0.5));
    CHECK(row[i].imaginary == R(-2 * i) - R(4));
  }
}

TEST_CASE("complex rows: bias, and the product with the imaginary unit") {
  for_each_level([](Level level) {
    const Kernels& k = kernels(level);
    check_complex<float>(k.finish_complex64, k.rotate_complex64);
    check_complex<double>(k.finish_complex128, k.rotate_complex128);
  });
}

}  // namespace
}  // namespace cconv::rows
