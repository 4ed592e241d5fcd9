// Smooth activations: every level that runs here, through the kernel table, against long double.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "algorithms/rows/kernel.h"
#include "cases.h"

namespace {

using cconv::Activation;
using cconv::Level;

struct Function {
  Activation activation;
  const char* name;
  long double (*exact)(long double x);  // of a finite x
  long double low, high;                // the limits at -inf, +inf
};

constexpr long double kBound = 4;  // ulp
constexpr long double kInfinity = std::numeric_limits<long double>::infinity();

// Each form keeps its relative error in the tails.
long double sigmoid(long double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
const Function kFunctions[] = {
    {Activation::sigmoid, "sigmoid", sigmoid, 0, 1},
    {Activation::tanh, "tanh", [](long double x) { return std::tanh(x); }, -1, 1},
    {Activation::silu, "silu", [](long double x) { return x * sigmoid(x); }, 0, kInfinity},
    {Activation::gelu, "gelu",
     [](long double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0L)); }, 0, kInfinity},
    {Activation::hardswish, "hardswish",
     [](long double x) { return x <= -3  ? 0
                                : x >= 3 ? x
                                         : x * (x + 3) / 6; }, 0, kInfinity},
};

// Where a formula changes: log(2) / 2 and its neighbours in exp and in x^2 / 2, hardswish's ends,
// where a result becomes subnormal or zero, where an argument is cut off.
constexpr double kThresholds[] = {0,     0.173, 0.3466, 0.8326, 1,     1.0397, 1.4427, 3,
                                  8.32,  9.011, 10,     13.1,   14.2,  14.5,   18.72,  20,
                                  36.74, 37.54, 38.45,  38.7,   87.34, 88.73,  92,     103.97,
                                  108.7, 110,   708.4,  709.8,  715,   745.13, 751.8,  760};

// Thresholds with their neighbours, straight and logarithmic grids, the ends of the range.
template <class T>
std::vector<T> arguments() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> x = {0,
                      Limits::denorm_min(),
                      Limits::min(),
                      Limits::max(),
                      Limits::infinity(),
                      Limits::quiet_NaN()};
  for (const double threshold : kThresholds) {
    T below = static_cast<T>(threshold), above = below;
    for (int i = 0; i < 20; ++i) {
      x.push_back(below);
      x.push_back(above);
      below = std::nextafter(below, T(0));
      above = std::nextafter(above, Limits::infinity());
    }
  }
  for (int i = 1; i < 3000; ++i) {
    x.push_back(T(i) * T(0.0013));
    x.push_back(T(i) * T(0.0131));
    x.push_back(T(i) * (sizeof(T) == 4 ? T(0.041) : T(0.27)));
    x.push_back(std::exp2(T(i) * T(Limits::min_exponent - Limits::digits) / 3000));
  }
  const std::size_t half = x.size();
  for (std::size_t i = 0; i < half; ++i) x.push_back(-x[i]);
  x.resize((x.size() + 63) / 64 * 64);  // whole vectors of any level
  return x;
}

// The spacing of T at a value.
template <class T>
long double ulp(long double value) {
  using Limits = std::numeric_limits<T>;
  int exponent = Limits::min_exponent;
  if (value != 0) std::frexp(value, &exponent);
  if (exponent < Limits::min_exponent) exponent = Limits::min_exponent;
  return std::ldexp(1.0L, exponent - Limits::digits);
}

void finish(const cconv::rows::Kernels& k, std::vector<float>& row, Activation activation) {
  k.finish_float32(row.data(), std::int64_t(row.size()), {-0.0f, activation, 0});
}
void finish(const cconv::rows::Kernels& k, std::vector<double>& row, Activation activation) {
  k.finish_float64(row.data(), std::int64_t(row.size()), {-0.0, activation, 0});
}

template <class T>
void check_sweep(Level level, const Function& function) {
  const std::vector<T> x = arguments<T>();
  std::vector<T> y = x;
  finish(cconv::rows::kernels(level), y, function.activation);

  int outside = 0;
  T at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) {
      CHECK(std::isnan(y[i]));
    } else if (std::isinf(x[i])) {
      CHECK(y[i] == static_cast<T>(x[i] < 0 ? function.low : function.high));
    } else {
      if (x[i] == 0 && function.activation != Activation::sigmoid)
        CHECK(std::signbit(y[i]) == std::signbit(x[i]));
      const long double exact = function.exact(x[i]);
      if (std::fabs(y[i] - exact) <= kBound * ulp<T>(exact)) continue;
      ++outside;
      at = x[i];
    }
  }
  CAPTURE(at);
  CHECK(outside == 0);

  // Every lane gives the same bits.
  std::vector<T> shifted(x.begin() + 1, x.end());
  shifted.push_back(x[0]);
  finish(cconv::rows::kernels(level), shifted, function.activation);
  std::size_t different = 0;
  for (std::size_t i = 1; i < x.size(); ++i)
    different += !std::isnan(y[i]) && std::memcmp(&y[i], &shifted[i - 1], sizeof(T)) != 0;
  CHECK(different == 0);
}

TEST_CASE("smooth activations are within 4 ulp at every level") {
  cconv::for_each_level([](Level level) {
    for (const Function& function : kFunctions) {
      CAPTURE(function.name);
      check_sweep<float>(level, function);
      // A long double no wider than double can't judge it.
      if (std::numeric_limits<long double>::digits >= 64) check_sweep<double>(level, function);
    }
  });
}

}  // namespace
