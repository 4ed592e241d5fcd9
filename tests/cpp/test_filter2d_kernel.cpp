// The filter2d room's kernels of every level: the same bits as the loop of kernel.h's formula, and
// no access outside the buffers.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "algorithms/filter2d/kernel.h"
#include "cases.h"
#include "guarded.h"
#include "numbers.h"

namespace cconv::filter2d {
namespace {

auto filter_of(const Kernels& k, float) { return k.filter_float32; }
auto filter_of(const Kernels& k, double) { return k.filter_float64; }
auto filter_of(const Kernels& k, std::uint32_t) { return k.filter_uint32; }
auto filter_of(const Kernels& k, std::uint64_t) { return k.filter_uint64; }

template <class T>
std::int64_t lanes_of(Level level) {
  return sizeof(T) == 4 ? kernels(level).lanes_float32 : kernels(level).lanes_float64;
}

struct Shape {
  std::int64_t KD, KH, KW, row_stride, outputs, columns;
  std::int64_t spread = 1;  // elements between columns of taps
};

// The sum of an output as kernel.h has it.
template <class T, class Term>
T sum_of(Level level, const Shape& s, T bias, Term term) {
  const bool one = s.KD * s.KH * s.KW <= kTermsPerChain;
  const std::int64_t parts = (s.KH + kTermsPerChain - 1) / kTermsPerChain;
  const std::int64_t columns = one ? s.KW : std::max<std::int64_t>(kTermsPerChain / s.KH, 1);
  T total = bias, chain = 0;
  for (std::int64_t kd = 0; kd < s.KD; ++kd)
    for (std::int64_t part = 0; part < parts; ++part)
      for (std::int64_t kw = 0; kw < s.KW; kw += columns) {
        for (std::int64_t w = kw; w < std::min(kw + columns, s.KW); ++w)
          for (std::int64_t h = s.KH * part / parts; h < s.KH * (part + 1) / parts; ++h) {
            const auto [x, weight] = term(kd, h, w);
            chain = multiply_add(level, x, weight, chain);
          }
        const bool ends = !one || kd + 1 == s.KD;
        if (ends) total = static_cast<T>(total + chain), chain = 0;
      }
  return total;
}

// The kernel's sums agree with the formula's, and nothing else is read or written.
template <class T>
bool agrees(Level level, const Shape& s, Random& random) {
  constexpr std::int64_t kSize = sizeof(T);
  const std::int64_t count = (s.outputs - 1) * s.row_stride + s.KH;
  const std::int64_t reach = s.columns + (s.KW - 1) * s.spread;
  std::vector<std::unique_ptr<Guarded>> memory;
  std::vector<const std::byte*> rows;
  for (std::int64_t i = 0; i < s.KD * count; ++i) {
    memory.push_back(std::make_unique<Guarded>(static_cast<std::size_t>(reach * kSize + 1)));
    std::byte* const row = memory.back()->last(static_cast<std::size_t>(reach * kSize + i % 2));
    fill_numbers<T>(row, reach, random);
    rows.push_back(row);
  }
  std::vector<std::int64_t> offsets;
  for (std::int64_t kw = 0; kw < s.KW; ++kw) offsets.push_back(kw * s.spread * kSize);
  const std::int64_t taps = s.KD * s.KH * s.KW;
  Guarded weight_memory(static_cast<std::size_t>(taps * kSize));
  std::byte* const weights = weight_memory.last(static_cast<std::size_t>(taps * kSize));
  fill_numbers<T>(weights, taps, random);
  const std::int64_t pitch = s.columns * kSize + random.between(0, 3);
  const std::int64_t sum_bytes = (s.outputs - 1) * pitch + s.columns * kSize;
  Guarded sum_memory(static_cast<std::size_t>(sum_bytes + 1));
  std::byte* const sums = sum_memory.last(static_cast<std::size_t>(sum_bytes));

  const T bias = any_number<T>(random);
  const auto bounds = any_bounds<T>(random);
  filter_of(kernels(level), T{})({rows.data(), count, s.row_stride, offsets.data(), s.KD, s.KH,
                                  s.KW, weights, bias, s.outputs, s.columns, sums, pitch, bounds});

  bool right = sum_memory.rest_is_untouched();
  for (std::int64_t r = 0; r < s.outputs; ++r) {
    for (std::int64_t i = 0; i < s.columns; ++i) {
      const T expected = sum_of(level, s, bias, [&](auto kd, auto kh, auto kw) {
        const auto row = static_cast<std::size_t>(kd * count + r * s.row_stride + kh);
        return std::pair(number_at<T>(rows[row], i + kw * s.spread),
                         number_at<T>(weights, (kd * s.KH + kh) * s.KW + kw));
      });
      right &= same(number_at<T>(sums + r * pitch, i), bounded(expected, bounds));
    }
    const std::byte* const end = sums + r * pitch + s.columns * kSize;
    if (r + 1 < s.outputs) right &= Guarded::all_canaries(end, sums + (r + 1) * pitch);
  }
  return right;
}

TEST_CASE_TEMPLATE("filter: every number of rows and of columns", T, float, double, std::uint32_t,
                   std::uint64_t) {
  for_each_level([](Level level) {
    Random random(1);
    const std::int64_t lanes = lanes_of<T>(level);
    for (const std::int64_t KH : {3, 9})
      for (std::int64_t outputs = 1; outputs <= 17; ++outputs)
        for (std::int64_t columns = lanes; columns <= 5 * lanes; columns += lanes > 4 ? 3 : 1) {
          CAPTURE(KH);
          CAPTURE(outputs);
          CAPTURE(columns);
          CHECK(agrees<T>(level, {1, KH, 2, 1, outputs, columns}, random));
        }
  });
}

TEST_CASE_TEMPLATE("filter: every height, stride and depth", T, float, double, std::uint32_t,
                   std::uint64_t) {
  for_each_level([](Level level) {
    Random random(2);
    const std::int64_t columns = 4 * lanes_of<T>(level) + 1;
    for (std::int64_t KH = 1; KH <= 17; ++KH)
      for (const std::int64_t stride : {1, 2, 3})
        for (const std::int64_t KD : {1, 2}) {
          CAPTURE(KH);
          CAPTURE(stride);
          CAPTURE(KD);
          CHECK(agrees<T>(level, {KD, KH, 3, stride, 11, columns, 3}, random));
        }
  });
}

TEST_CASE_TEMPLATE("filter: a single row or column of taps", T, float, double, std::uint32_t,
                   std::uint64_t) {
  for_each_level([](Level level) {
    Random random(4);
    const std::int64_t lanes = lanes_of<T>(level);
    for (const std::int64_t taps : {1, 3, 4, 5, 7})
      for (const bool row : {true, false})
        for (const std::int64_t stride : {1, 2})
          for (const std::int64_t outputs : {1, 4, 9})
            for (const std::int64_t columns :
                 {lanes, 8 * lanes - 1, 8 * lanes, 13 * lanes + 1, 16 * lanes, 23 * lanes + 1}) {
              CAPTURE(taps);
              CAPTURE(row);
              CAPTURE(stride);
              CAPTURE(columns);
              const Shape shape{1, row ? 1 : taps, row ? taps : 1, stride, outputs, columns};
              CHECK(agrees<T>(level, shape, random));
            }
  });
}

TEST_CASE_TEMPLATE("filter: sums of several chains", T, float, double, std::uint32_t,
                   std::uint64_t) {
  for_each_level([](Level level) {
    Random random(3);
    const std::int64_t columns = lanes_of<T>(level) + 1;
    for (const Shape& s : {Shape{1, 16, 16, 1, 7, columns},
                           {1, 16, 17, 1, 7, columns},
                           {1, 1, 257, 1, 2, columns},
                           {1, 256, 2, 1, 8, columns},
                           {1, 257, 2, 1, 8, columns},
                           {1, 513, 1, 1, 8, columns},
                           {1, 300, 2, 1, 8, columns},
                           {2, 12, 11, 2, 3, columns},
                           {9, 5, 6, 1, 9, columns}}) {
      CAPTURE(s.KH);
      CAPTURE(s.KW);
      CHECK(agrees<T>(level, s, random));
    }
  });
}

}  // namespace
}  // namespace cconv::filter2d
