// Stores of every level: every cast at the numbers where rounding and saturation decide, and every
// layout.
#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "patches.h"

namespace cconv::rows {
namespace {

// Floats to integers: half to even, NaN becomes 0; all saturate.  A long double holds every number
// that occurs.
template <class To, class Sum>
To casted(Sum value) {
  if constexpr (kIsComplex<To>) {
    using R = typename To::value_type;
    if constexpr (kIsComplex<Sum>)
      return {static_cast<R>(value.real()), static_cast<R>(value.imag())};
    else
      return {static_cast<R>(value), R(0)};
  } else if constexpr (kIsShort<To>) {
    return To::nearest(static_cast<long double>(value));
  } else if constexpr (std::is_floating_point_v<To>) {
    return static_cast<To>(value);
  } else {
    using Limits = std::numeric_limits<To>;
    if (value != value) return 0;
    const long double whole = std::nearbyint(static_cast<long double>(value));
    if (whole <= static_cast<long double>(Limits::min())) return Limits::min();
    if (whole >= static_cast<long double>(Limits::max())) return Limits::max();
    return static_cast<To>(whole);
  }
}

// 16-bit floats and the middles between them.
template <class Short>
void add_ties(std::vector<double>& points) {
  for (int bits = 0; bits < Short::kInfinity; bits += 31) {
    const double low = Short{static_cast<std::uint16_t>(bits)}.value();
    const double high = Short{static_cast<std::uint16_t>(bits + 1)}.value();
    points.insert(points.end(), {low, (low + high) / 2});
  }
}

// Numbers where a cast turns, with their neighbours: powers of two and what lies half and a whole
// beside them, ties of the 16-bit floats, the ends of the range.
template <class Sum>
std::vector<Sum> turning_points() {
  using Limits = std::numeric_limits<Sum>;
  std::vector<double> points = {65504, 65520};
  for (int e = -30; e <= 66; ++e)
    for (const double offset : {-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.5})
      points.push_back(std::ldexp(1.0, e) + offset);
  add_ties<Half>(points);
  add_ties<Bfloat>(points);
  std::vector<Sum> values = {0, Limits::max(), Limits::lowest(), Limits::min()};
  if constexpr (std::is_integral_v<Sum>) {
    for (const double point : points)
      if (std::fabs(point) < static_cast<double>(Limits::max() / 2))
        for (const int offset : {-1, 0, 1}) values.push_back(static_cast<Sum>(point) + offset);
    for (int i = 0; i < 99; ++i)
      values.insert(values.end(), {Limits::max() - i, Limits::min() + i});
  } else {
    values.insert(values.end(), {Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min()});
    for (const double point : points) {
      const Sum value = static_cast<Sum>(point);
      values.insert(values.end(), {value, std::nextafter(value, Limits::infinity()),
                                   std::nextafter(value, -Limits::infinity())});
    }
  }
  const std::size_t half = values.size();
  for (std::size_t i = 0; i < half; ++i)
    if (values[i] != Limits::min() || !std::is_integral_v<Sum>) values.push_back(-values[i]);
  return values;
}

template <class Sum>
std::vector<Sum> interesting() {
  if constexpr (kIsComplex<Sum>) {
    std::vector<Sum> values;
    const auto parts = turning_points<typename Sum::value_type>();
    for (std::size_t i = 0; i < parts.size(); ++i)
      values.emplace_back(parts[i], parts[parts.size() - 1 - i]);
    return values;
  } else {
    return turning_points<Sum>();
  }
}

template <class To, class Sum>
void check_casts(Store store) {
  const std::vector<Sum> values = interesting<Sum>();
  const auto count = static_cast<std::int64_t>(values.size());
  constexpr auto kSize = static_cast<std::int64_t>(sizeof(To));
  std::vector<To> expected;
  for (const Sum value : values) expected.push_back(casted<To>(value));
  for (const std::int64_t length : {count, kShortRow}) {
    const std::int64_t rows = count / length;
    std::vector<To> out(expected.begin(), expected.end());
    std::memset(static_cast<void*>(out.data()), 0xa5,
                static_cast<std::size_t>(rows * length * kSize));
    store(values.data(), length,
          {reinterpret_cast<std::byte*>(out.data()), length * kSize, kSize, rows, length});
    std::size_t wrong = 0, last = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!same(out[i], expected[i])) ++wrong, last = i;
    INFO("last at number ", last, " in rows of ", length);
    CHECK(wrong == 0);
  }
}

// A patch is stored element by element, and nothing else is written.
template <class To, class Sum>
void check_layout(Store store, const Layout& layout, Guarded& src, std::byte* data,
                  const Guarded& dst) {
  const std::size_t bytes = layout.bytes();
  const std::int64_t stride = layout.count + layout.rows % 3;
  const std::int64_t rows = bytes == 0 ? 0 : layout.rows;
  const auto in_count = static_cast<std::size_t>(rows > 0 ? (rows - 1) * stride + layout.count : 0);
  auto* const in = reinterpret_cast<Sum*>(src.last(in_count * sizeof(Sum)));
  for (std::size_t i = 0; i < in_count; ++i) in[i] = static_cast<Sum>(static_cast<int>(i % 100));
  store(in, stride, layout.patch(data));

  bool right = dst.rest_is_untouched();
  std::vector<bool> covered(bytes);
  const auto patch = layout.patch<const std::byte>(data);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < layout.count; ++i) {
      right &= same(element_at<To>(patch, r, i), casted<To>(in[r * stride + i]));
      const auto at = patch.data + r * patch.row_step + i * patch.step - data;
      std::fill_n(covered.begin() + at, sizeof(To), true);
    }
  for (std::size_t i = 0; i < bytes; ++i) right &= covered[i] || data[i] == Guarded::kCanary;
  CHECK(right);
}

template <class To, class Sum>
void check_layouts(Store store, Guarded& src, Guarded& dst) {
  for_each_layout(sizeof(To), [&](const Layout& layout) {
    const std::size_t bytes = layout.bytes();
    std::byte* const data = layout.rows % 2 ? dst.last(bytes) : dst.first(bytes);
    check_layout<To, Sum>(store, layout, src, data, dst);
  });
}

TEST_CASE("store: every sum as every type it may be cast to") {
  Guarded src(kMostSumBytes), dst(kMostBytes);
  for_each_level([&](Level level) {
    for (const Type sum : kSumTypes)
      for (int to = 0; to < kTypes; ++to) {
        const auto type = static_cast<Type>(to);
        const Store store = kernels(level).store[sum_index(sum)][to];
        if (store == nullptr) continue;
        INFO(std::string(name_of(sum)), " to ", std::string(name_of(type)));
        with_element(sum, [&]<class Sum>(Sum) {
          with_element(type, [&]<class To>(To) {
            if constexpr ((kIsComplex<To> || !kIsComplex<Sum>)&&sizeof(Sum) >= 4 &&
                          !std::is_unsigned_v<Sum>) {
              check_casts<To, Sum>(store);
              check_layouts<To, Sum>(store, src, dst);
            }
          });
        });
      }
  });
}

TEST_CASE("store: every size of a transposed patch of sums") {
  Guarded src(kMostTransposed), dst(kMostTransposed);
  for_each_level([&](Level level) {
    for (const Type type : kSumTypes) {
      INFO(std::string(name_of(type)));
      const Store store = kernels(level).store[sum_index(type)][static_cast<int>(type)];
      with_element(type, [&]<class T>(T) {
        if constexpr (sizeof(T) >= 4)
          for_each_transposed(sizeof(T), [&](const Layout& layout) {
            check_layout<T, T>(store, layout, src, dst.last(layout.bytes()), dst);
          });
      });
    }
  });
}

}  // namespace
}  // namespace cconv::rows
