// What the separable room is made of: weights as a column times a row, and its kernels at every
// level, which have the same bits as the loops of kernel.h's formulas and stay in their buffers.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "algorithms/separable/factors.h"
#include "algorithms/separable/kernel.h"
#include "cases.h"
#include "guarded.h"
#include "numbers.h"

namespace cconv::separable {
namespace {

auto slide_of(const Kernels& k, float) { return k.slide_float32; }
auto slide_of(const Kernels& k, double) { return k.slide_float64; }
auto slide_of(const Kernels& k, std::uint32_t) { return k.slide_uint32; }
auto slide_of(const Kernels& k, std::uint64_t) { return k.slide_uint64; }

auto along_of(const Kernels& k, float) { return k.along_float32; }
auto along_of(const Kernels& k, double) { return k.along_float64; }
auto along_of(const Kernels& k, std::uint32_t) { return k.along_uint32; }
auto along_of(const Kernels& k, std::uint64_t) { return k.along_uint64; }

// At the end of a page that may not be left.
template <class T>
struct Row {
  Guarded memory;
  std::byte* data;

  Row(std::int64_t count, Random& random, std::int64_t odd = 0)
      : memory(static_cast<std::size_t>(count * std::int64_t{sizeof(T)} + odd)),
        data(memory.last(static_cast<std::size_t>(count * std::int64_t{sizeof(T)} + odd))) {
    fill_numbers<T>(data, count, random);
  }
};

constexpr std::int64_t kMostLanes = 16;  // of any level

template <class T>
bool slides(Level level, std::int64_t height, std::int64_t outputs, std::int64_t columns,
            Random& random) {
  constexpr std::int64_t kSize = sizeof(T);
  std::vector<std::unique_ptr<Row<T>>> input;
  std::vector<const std::byte*> rows;
  for (std::int64_t q = 0; q < outputs + height - 1; ++q) {
    input.push_back(std::make_unique<Row<T>>(columns, random, q % 2));
    rows.push_back(input.back()->data);
  }
  const std::int64_t pitch = columns * kSize + random.between(0, 3);
  const std::int64_t bytes = (outputs - 1) * pitch + columns * kSize;
  Guarded sums(static_cast<std::size_t>(bytes)),
      scratch(static_cast<std::size_t>(slide_bytes(height)));
  std::byte* const to = sums.last(static_cast<std::size_t>(bytes));
  std::byte* const shared = scratch.last(static_cast<std::size_t>(slide_bytes(height)));
  const T weight = any_number<T>(random);
  slide_of(kernels(level), T{})({rows.data(), height, weight, outputs, columns, to, pitch, shared});

  bool right = sums.rest_is_untouched() && scratch.rest_is_untouched();
  for (std::int64_t r = 0; r < outputs; ++r)
    for (std::int64_t i = 0; i < columns; ++i) {
      const auto add = [&](T sum, std::int64_t row) {
        return multiply_add(level, number_at<T>(rows[static_cast<std::size_t>(row)], i), weight,
                            sum);
      };
      const std::int64_t block = r / height * height;
      T end = 0, begin = 0;
      for (std::int64_t q = block + height - 1; q >= r; --q) end = add(end, q);
      for (std::int64_t q = block + height; q < r + height; ++q) begin = add(begin, q);
      right &= same(number_at<T>(to + r * pitch, i), static_cast<T>(end + begin));
    }
  return right;
}

TEST_CASE_TEMPLATE("slide: every number of rows and of columns", T, float, double, std::uint32_t,
                   std::uint64_t) {
  for_each_level([](Level level) {
    Random random(1);
    for (const std::int64_t height : {2, 3, 7})
      for (std::int64_t outputs = 1; outputs <= 15; ++outputs)
        for (std::int64_t columns = kMostLanes; columns <= 150; columns += 9) {
          CAPTURE(height);
          CAPTURE(outputs);
          CAPTURE(columns);
          CHECK(slides<T>(level, height, outputs, columns, random));
        }
  });
}

// The sum of `size` neighbours, by halves.
template <class T>
T halves(const std::byte* row, std::int64_t i, std::int64_t size, std::int64_t step) {
  if (size == 1) return number_at<T>(row, i);
  return static_cast<T>(halves<T>(row, i, size / 2, step) +
                        halves<T>(row, i + size / 2 * step, size / 2, step));
}

template <class T>
bool goes_along(Level level, std::int64_t width, std::int64_t step, std::int64_t columns,
                Random& random) {
  constexpr std::int64_t kSize = sizeof(T), kOutputs = 2;
  const std::int64_t reach = columns + (width - 1) * step;
  const std::int64_t pitch = reach * kSize + 1, sums_pitch = columns * kSize + 3;
  Row<T> row(kOutputs * reach + kBehind / kSize, random, kOutputs - 1);
  for (std::int64_t r = 0; r < kOutputs; ++r) fill_numbers<T>(row.data + r * pitch, reach, random);
  const std::int64_t bytes = sums_pitch + columns * kSize, shared = along_bytes(width, step, kSize);
  Guarded sums(static_cast<std::size_t>(bytes)), scratch(static_cast<std::size_t>(shared));
  std::byte* const to = sums.last(static_cast<std::size_t>(bytes));
  const T bias = any_number<T>(random);
  along_of(kernels(level), T{})({row.data, pitch, width, step, bias, kOutputs, columns, to,
                                 sums_pitch, scratch.last(static_cast<std::size_t>(shared))});

  // The parts of a window, the largest first; on one level the smallest.
  std::array<std::int64_t, 6> sizes{32, 16, 8, 4, 2, 1};
  if (name_of(level) == std::string("avx512")) std::ranges::reverse(sizes);
  bool right = sums.rest_is_untouched() && scratch.rest_is_untouched();
  for (std::int64_t r = 0; r < kOutputs; ++r)
    for (std::int64_t i = 0; i < columns; ++i) {
      T sum = 0;
      std::int64_t at = i;
      for (const std::int64_t size : sizes) {
        if ((width & size) == 0) continue;
        sum = static_cast<T>(sum + halves<T>(row.data + r * pitch, at, size, step));
        at += size * step;
      }
      right &= same(number_at<T>(to + r * sums_pitch, i), static_cast<T>(sum + bias));
    }
  return right;
}

TEST_CASE_TEMPLATE("along: every width", T, float, double, std::uint32_t, std::uint64_t) {
  for_each_level([](Level level) {
    Random random(2);
    for (std::int64_t width = 2; width <= 40; ++width)
      for (const std::int64_t step : {1, 3})
        for (const std::int64_t columns : {kMostLanes, std::int64_t{100}, std::int64_t{1030}}) {
          CAPTURE(width);
          CAPTURE(step);
          CAPTURE(columns);
          CHECK(goes_along<T>(level, width, step, columns, random));
        }
  });
}

// ------------------------------------------------------------------------------ bytes

// Random whole numbers, or none, which stand for ones.
std::vector<std::uint16_t> some_weights(std::int64_t count, bool equal, Random& random) {
  std::vector<std::uint16_t> weights;
  for (std::int64_t i = 0; i < count && !equal; ++i)
    weights.push_back(static_cast<std::uint16_t>(random.between(0, 9)));
  return weights;
}
std::uint16_t weight_at(const std::vector<std::uint16_t>& weights, std::int64_t i) {
  return weights.empty() ? std::uint16_t(1) : weights[static_cast<std::size_t>(i)];
}
const std::uint16_t* address_of(const std::vector<std::uint16_t>& weights) {
  return weights.empty() ? nullptr : weights.data();
}

bool bytes_go_down(Level level, std::int64_t height, std::int64_t stride, std::int64_t outputs,
                   bool equal, Random& random) {
  const std::int64_t columns = kernels(level).word_lanes + random.between(0, 70);
  std::vector<std::unique_ptr<Row<std::uint8_t>>> input;
  std::vector<const std::byte*> rows;
  for (std::int64_t q = 0; q < (outputs - 1) * stride + height; ++q) {
    input.push_back(std::make_unique<Row<std::uint8_t>>(columns, random));
    rows.push_back(input.back()->data);
  }
  const auto weights = some_weights(height, equal, random);
  const std::int64_t pitch = 2 * columns + random.between(0, 3);
  const auto bytes = static_cast<std::size_t>((outputs - 1) * pitch + 2 * columns);
  Guarded sums(bytes);
  std::byte* const to = sums.last(bytes);
  kernels(level).bytes_down(
      {rows.data(), height, stride, address_of(weights), outputs, columns, to, pitch});
  bool right = sums.rest_is_untouched();
  for (std::int64_t r = 0; r < outputs; ++r)
    for (std::int64_t i = 0; i < columns; ++i) {
      std::uint16_t sum = 0;
      for (std::int64_t k = 0; k < height; ++k)
        sum = static_cast<std::uint16_t>(
            sum + weight_at(weights, k) *
                      number_at<std::uint8_t>(rows[static_cast<std::size_t>(r * stride + k)], i));
      right &= number_at<std::uint16_t>(to + r * pitch, i) == sum;
    }
  return right;
}

TEST_CASE("bytes down: every height and number of rows") {
  for_each_level([](Level level) {
    Random random(3);
    for (std::int64_t height = 1; height <= 9; ++height)
      for (std::int64_t outputs = 1; outputs <= 9; ++outputs)
        for (const std::int64_t stride : {1, 2})
          for (const bool equal : {false, true}) {
            CAPTURE(height);
            CAPTURE(outputs);
            CAPTURE(stride);
            CAPTURE(equal);
            CHECK(bytes_go_down(level, height, stride, outputs, equal, random));
          }
  });
}

// fitting: terms whose sum fits 16 bits.
bool bytes_go_along(Level level, std::int64_t width, std::int64_t step, std::int64_t fitting,
                    bool equal, int shift, Random& random) {
  constexpr std::int64_t kOutputs = 2;
  const std::int64_t columns = kernels(level).word_lanes + random.between(0, 1100);
  const std::int64_t reach = columns + (width - 1) * step, pitch = 2 * reach + 1;
  const auto weights = some_weights(width, equal, random);
  Row<std::uint8_t> memory(pitch + 2 * reach + kBehind, random);
  std::byte* const rows = memory.data;
  for (std::int64_t r = 0; r < kOutputs; ++r)
    for (std::int64_t i = 0; i < reach; ++i) {
      // Now and then as large as sums may be.
      const std::int64_t most = fitting < width ? 65280 / fitting : 65280 / (9 * width);
      const auto x = static_cast<std::uint16_t>(random.between(0, most));
      std::memcpy(rows + r * pitch + 2 * i, &x, sizeof x);
    }
  float scale = static_cast<float>(random.between(1, 300)) / 7000;
  if (shift >= 0) scale = std::ldexp(1.0f, -shift);
  if (shift == -2) scale = 1 / static_cast<float>(2 * random.between(1, 200) + 1);
  const Quotient quotient = shift == -2 ? quotient_of(scale, 65280) : Quotient{};
  if (shift == -2 && quotient.factor == 0) return true;  // too large
  const std::int64_t dst_pitch = columns + 3, shared = along_bytes(width, step, 2);
  Guarded dst(static_cast<std::size_t>(dst_pitch + columns));
  Guarded scratch(static_cast<std::size_t>(shared));
  std::byte* const to = dst.last(static_cast<std::size_t>(dst_pitch + columns));
  kernels(level).bytes_along({rows, pitch, width, step, fitting, address_of(weights), scale, shift,
                              quotient, kOutputs, columns, to, dst_pitch,
                              scratch.last(static_cast<std::size_t>(shared))});
  bool right = dst.rest_is_untouched() && scratch.rest_is_untouched();
  for (std::int64_t r = 0; r < kOutputs; ++r)
    for (std::int64_t i = 0; i < columns; ++i) {
      std::int64_t sum = 0;
      for (std::int64_t k = 0; k < width; ++k)
        sum += weight_at(weights, k) *
               std::int64_t{number_at<std::uint16_t>(rows + r * pitch, i + k * step)};
      const float y = std::nearbyint(static_cast<float>(sum) * scale);
      right &= number_at<std::uint8_t>(to + r * dst_pitch, i) == std::min(y, 255.0f);
    }
  return right;
}

TEST_CASE("bytes along: every width and way to round") {
  for_each_level([](Level level) {
    Random random(4);
    for (std::int64_t width = 1; width <= 21; ++width)
      for (const std::int64_t step : {1, 3})
        for (const bool equal : {false, true})
          for (const int shift : {-2, -1, 0, 1, 4, 8}) {
            CAPTURE(width);
            CAPTURE(step);
            CAPTURE(equal);
            CAPTURE(shift);
            CHECK(bytes_go_along(level, width, step, width, equal, shift, random));
          }
  });
}

TEST_CASE("bytes along: sums that do not fit 16 bits") {
  for_each_level([](Level level) {
    Random random(5);
    for (const std::int64_t width : {2, 5, 9, 16, 17, 21, 31, 32, 40})
      for (const std::int64_t fitting : {1, 2, 5, 8, 12, 31})
        for (const std::int64_t step : {1, 3}) {
          if (fitting >= width) continue;
          CAPTURE(width);
          CAPTURE(fitting);
          CAPTURE(step);
          CHECK(bytes_go_along(level, width, step, fitting, true, -1, random));
        }
  });
}

template <class T>
SmallFactors small_factors_of(const std::vector<T>& column, const std::vector<T>& row, T scale) {
  std::vector<T> weights;
  for (const T c : column)
    for (const T r : row) weights.push_back(static_cast<T>(c * r) * scale);
  return small_factors(weights.data(), std::ssize(column), std::ssize(row));
}

TEST_CASE("division by odd numbers rounds as a product with their inverse") {
  int divided = 0;
  for (int divisor = 1; divisor < 1100; ++divisor) {
    const float scale = 1 / static_cast<float>(divisor);
    const std::int64_t most = std::min(65535 - divisor / 2, 256 * divisor);
    const Quotient q = quotient_of(scale, static_cast<double>(most));
    if (q.factor == 0) continue;
    ++divided;
    std::int64_t wrong = 0;
    for (std::int64_t n = 0; n <= most; ++n)
      wrong += ((n + q.half) * q.factor >> (16 + q.shift)) !=
               static_cast<std::int64_t>(std::nearbyint(static_cast<float>(n) * scale));
    CHECK(wrong == 0);
  }
  CHECK(divided > 200);
  for (const int size : {3, 5, 7, 9, 11, 13, 15})
    CHECK(quotient_of(1 / static_cast<float>(size * size), 255 * size * size).factor > 0);
}

TEST_CASE("small factors") {
  const std::vector<float> binomial{1, 4, 6, 4, 1}, box(15, 1), large(17, 1),
      halves{2, 7, 14, 7, 2};
  const SmallFactors shifted = small_factors_of(binomial, binomial, 0x1p-8f);
  CHECK(shifted.column == std::vector<std::uint16_t>{1, 4, 6, 4, 1});
  CHECK(shifted.shift == 8);
  const SmallFactors scaled = small_factors_of(box, box, 1 / 225.0f);
  CHECK(scaled.row == std::vector<std::uint16_t>(15, 1));
  CHECK(scaled.shift < 0);
  CHECK(scaled.scale == 1 / 225.0f);
  CHECK(small_factors_of(halves, {1, 2}, 0.3f).column ==
        std::vector<std::uint16_t>{2, 7, 14, 7, 2});
  CHECK(small_factors_of<std::int64_t>({3}, {1, 2, 1}, 5).scale == 15);
  CHECK(scaled.fitting == 15);
  CHECK(small_factors_of(large, large, 1.0f).fitting == 257 / 17);
  CHECK(small_factors_of<float>({1, 1}, std::vector<float>(129, 1), 0.5f).fitting == 128);
  CHECK(!small_factors_of(std::vector<float>(300, 1), box, 1.0f).fit());
  CHECK(!small_factors_of(std::vector<float>(64, 1), std::vector<float>(64, 1), 1.0f).fit());
  CHECK(!small_factors_of(std::vector<float>{3, 20}, std::vector<float>(20, 1), 1.0f).fit());
  CHECK(!small_factors_of(binomial, binomial, -1.0f).fit());
  CHECK(!small_factors_of<float>({1, 1.001f}, {1}, 1).fit());
  CHECK(!small_factors_of<double>({1, 1}, {1, 1, 1}, 1 / 6.0).fit());
  CHECK(small_factors_of<double>({1, 1}, {1, 1, 1}, 1 / 8.0).fit());
  CHECK(!small_factors_of<double>({1, 1}, {1, 1 + 1e-9, 1}, 1 / 8.0).fit());
  CHECK(!small_factors_of(box, binomial, 1e9f).fit());
}

// ------------------------------------------------------------------------------ factors

template <class T>
struct Factored {
  std::vector<T> column, row;
  bool found;

  Factored(const std::vector<T>& weights, std::size_t rows)
      : column(rows), row(weights.size() / rows) {
    found = factor(weights.data(), static_cast<std::int64_t>(rows),
                   static_cast<std::int64_t>(row.size()), column.data(), row.data());
  }
};

template <class T>
std::vector<T> outer(const std::vector<T>& column, const std::vector<T>& row) {
  std::vector<T> weights;
  for (const T c : column)
    for (const T r : row) weights.push_back(static_cast<T>(c * r));
  return weights;
}

TEST_CASE_TEMPLATE("factor: a product is found, one changed weight is noticed", T, float, double) {
  constexpr T kEps = std::numeric_limits<T>::epsilon();
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<T> column(static_cast<std::size_t>(random.between(1, 9)));
    std::vector<T> row(static_cast<std::size_t>(random.between(1, 9)));
    const T scale = std::ldexp(T(1), static_cast<int>(random.between(-20, 20)));
    for (T& c : column) c = static_cast<T>(random.unit()) * scale;
    for (T& r : row) r = random.between(0, 5) ? static_cast<T>(random.unit()) : T(0);
    row[0] = 1;
    std::vector<T> weights = outer(column, row);
    const Factored<T> f(weights, column.size());
    REQUIRE(f.found);
    T size = 0;
    for (const T c : f.column) size += std::abs(c);
    T total = 0;
    for (const T w : weights) total += std::abs(w);
    CHECK(size <= std::max(total, T(1)) * (1 + 4 * kEps));
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const T product = f.column[i / row.size()] * f.row[i % row.size()];
      CHECK(std::abs(product - weights[i]) <= 8 * kEps * std::abs(weights[i]) + kEps * total);
      CHECK((product == 0) == (weights[i] == 0));
    }
    if (column.size() == 1 || std::count(row.begin(), row.end(), T(0)) + 2 > std::ssize(row))
      continue;
    weights[static_cast<std::size_t>(
        random.between(0, static_cast<std::int64_t>(weights.size()) - 1))] += total / 16;
    CHECK(!Factored<T>(weights, column.size()).found);
  }
}

TEST_CASE("factor: what is no product of finite numbers") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto found = [](std::vector<float> weights) { return Factored<float>(weights, 2).found; };
  CHECK(found({1, 2, 2, 4}));
  CHECK(!found({0, 0, 0, 0}));
  CHECK(!found({1, 1, 1, std::numeric_limits<float>::quiet_NaN()}));
  CHECK(!found({kInfinity, kInfinity, kInfinity, kInfinity}));
  CHECK(!found({1, 1, 1, -1}));
  CHECK(!found({1, 0x1p-40f, 0x1p-40f, 0}));          // no zero where there is none in the product
  CHECK(!found({1, 0x1p-40f, 0x1p-40f, -0x1p-80f}));  // nor another sign
}

TEST_CASE("factor: integers exactly") {
  using Wide = std::int64_t;
  constexpr Wide kLeast = std::numeric_limits<Wide>::min(),
                 kMost = std::numeric_limits<Wide>::max();
  const auto found = [](std::vector<Wide> weights, std::size_t rows) {
    const Factored<Wide> f(weights, rows);
    if (f.found) CHECK(outer(f.column, f.row) == weights);
    return f.found;
  };
  CHECK(found({1, 2, 1, 2, 4, 2, 1, 2, 1}, 3));
  CHECK(found({-6, 4, -9, 6}, 2));
  CHECK(found({0, 0, 6, -10}, 2));
  CHECK(found({kMost, 0, kMost, 0}, 2));
  CHECK(!found({0, 0, 0, 0}, 2));
  CHECK(!found({1, 2, 1, 2, 4, 2, 1, 2, 2}, 3));
  CHECK(!found({kLeast, kLeast, 1, 1}, 2));
  const std::vector<std::int32_t> halves{2, 3, 4, 6};
  CHECK(Factored<std::int32_t>(halves, 2).found);
}

TEST_CASE("is_constant") {
  const auto constant = [](std::vector<double> weights) {
    return is_constant(weights.data(), static_cast<std::int64_t>(weights.size()));
  };
  CHECK(constant({-2, -2, -2}));
  CHECK(!constant({1, 1, 2}));
  CHECK(!constant({0, 0}));
  CHECK(!constant({std::nan(""), std::nan("")}));
  CHECK(!constant({HUGE_VAL, HUGE_VAL}));
}

}  // namespace
}  // namespace cconv::separable
