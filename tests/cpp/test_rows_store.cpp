// Stores of every level: every cast at the numbers where rounding and saturation decide, and every
// layout.
#include <algorithm>
#include <limits>
#include <vector>

#include "patches.h"

namespace cconv::rows {
namespace {

struct HalfBits {
  std::uint16_t bits;
};

// Integers: half to even, saturating, NaN becomes 0.  long double holds every 64-bit integer.
template <class To, class Sum>
To cast_to(Sum value) {
  if (std::isnan(value)) return 0;
  const long double whole = std::nearbyint(static_cast<long double>(value));
  using Limits = std::numeric_limits<To>;
  if (whole <= static_cast<long double>(Limits::min())) return Limits::min();
  if (whole >= static_cast<long double>(Limits::max())) return Limits::max();
  return static_cast<To>(whole);
}
template <>
float cast_to<float, double>(double value) {
  return static_cast<float>(value);
}
template <>
float cast_to<float, float>(float value) {
  return value;
}
template <>
double cast_to<double, double>(double value) {
  return value;
}
template <>
double cast_to<double, float>(float value) {
  return value;
}

double half_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

// The nearest of all halves, found by search; of two equally near ones the even.
HalfBits nearest_half(double value) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const double magnitude = std::fabs(value);
  constexpr std::uint16_t kInfinity = 0x7c00;
  std::uint16_t low = 0, high = kInfinity;  // low's value <= magnitude
  while (high - low > 1) {
    const auto middle = static_cast<std::uint16_t>((low + high) / 2);
    (half_value(middle) <= magnitude ? low : high) = middle;
  }
  // Past the largest, the next number would be 65536.
  const double tie = (half_value(low) + half_value(high)) / 2;
  const bool up = magnitude > tie || (magnitude == tie && low % 2 == 1);
  return {static_cast<std::uint16_t>(sign | (up ? high : low))};
}
template <>
HalfBits cast_to<HalfBits, double>(double value) {
  return std::isnan(value) ? HalfBits{0x7e00} : nearest_half(value);
}
template <>
HalfBits cast_to<HalfBits, float>(float value) {
  return cast_to<HalfBits>(static_cast<double>(value));
}

using cconv::same;
bool same(HalfBits a, HalfBits b) {
  const auto is_nan = [](HalfBits h) { return (h.bits & 0x7fff) > 0x7c00; };
  return a.bits == b.bits || (is_nan(a) && is_nan(b));
}

// Powers of two, whole and half numbers around them, halves and the middles between them, each with
// its neighbours; the ends of the range.
template <class Sum>
std::vector<Sum> turning_points() {
  using Limits = std::numeric_limits<Sum>;
  std::vector<double> points;
  for (int e = -30; e <= 66; ++e)
    for (const double offset : {-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.5})
      points.push_back(std::ldexp(1.0, e) + offset);
  for (std::uint16_t h = 0; h <= 0x7c00; h = static_cast<std::uint16_t>(h + 31)) {
    points.push_back(half_value(h));
    points.push_back((half_value(h) + half_value(static_cast<std::uint16_t>(h + 1))) / 2);
  }
  std::vector<Sum> values = {0,           Limits::infinity(),   Limits::quiet_NaN(), Limits::max(),
                             Limits::min(), Limits::denorm_min(), Sum(65504),          Sum(65520)};
  for (const double point : points) {
    const Sum value = static_cast<Sum>(point);
    values.insert(values.end(), {value, std::nextafter(value, Limits::infinity()),
                                 std::nextafter(value, -Limits::infinity())});
  }
  const std::size_t half = values.size();
  for (std::size_t i = 0; i < half; ++i) values.push_back(-values[i]);
  return values;
}

template <class To, class Sum>
void check_casts(Store store) {
  const std::vector<Sum> values = turning_points<Sum>();
  const auto count = static_cast<std::int64_t>(values.size());
  std::vector<To> out(values.size());
  constexpr auto kSize = static_cast<std::int64_t>(sizeof(To));
  store(values.data(), count, {reinterpret_cast<std::byte*>(out.data()), 0, kSize, 1, count});
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (same(out[i], cast_to<To>(values[i]))) continue;
    CAPTURE(values[i]);
    FAIL_CHECK("wrong cast");
  }
}

template <class To, class Sum>
void check_layouts(Store store) {
  Guarded dst(kMostBytes), src(33 * 35 * sizeof(Sum));
  for_each_layout(sizeof(To), [&](const Layout& layout) {
    const std::size_t bytes = layout.bytes();
    const std::int64_t stride = layout.count + layout.rows % 3;
    const auto in_count = static_cast<std::size_t>(
        bytes == 0 ? 0 : (layout.rows - 1) * stride + layout.count);
    auto* const in = reinterpret_cast<Sum*>(src.last(in_count * sizeof(Sum)));
    for (std::size_t i = 0; i < in_count; ++i) in[i] = static_cast<Sum>(i % 100);

    std::byte* const data = layout.rows % 2 ? dst.last(bytes) : dst.first(bytes);
    store(in, stride, layout.patch(data));

    bool right = dst.rest_is_untouched();
    std::vector<bool> covered(bytes);
    const auto patch = layout.patch<const std::byte>(data);
    for (std::int64_t r = 0; r < layout.rows && bytes > 0; ++r)
      for (std::int64_t i = 0; i < layout.count; ++i) {
        right &= same(element_at<To>(patch, r, i), cast_to<To>(in[r * stride + i]));
        const auto at = patch.data + r * patch.row_step + i * patch.step - data;
        std::fill_n(covered.begin() + at, sizeof(To), true);
      }
    for (std::size_t i = 0; i < bytes; ++i) right &= covered[i] || data[i] == Guarded::kCanary;
    CHECK(right);
  });
}

template <class To>
void check_stores(Type type) {
  INFO("to ", name_of(type));
  for_each_level([&](Level level) {
    const Store from_float = kernels(level).store[sum_index(Type::float32)][static_cast<int>(type)];
    const Store from_double = kernels(level).store[sum_index(Type::float64)][static_cast<int>(type)];
    REQUIRE((from_float != nullptr));
    REQUIRE((from_double != nullptr));
    check_casts<To, float>(from_float);
    check_casts<To, double>(from_double);
    check_layouts<To, float>(from_float);
    check_layouts<To, double>(from_double);
  });
}

TEST_CASE("store: integers round half to even and saturate") {
  check_stores<std::int8_t>(Type::int8);
  check_stores<std::uint8_t>(Type::uint8);
  check_stores<std::int16_t>(Type::int16);
  check_stores<std::uint16_t>(Type::uint16);
  check_stores<std::int32_t>(Type::int32);
  check_stores<std::uint32_t>(Type::uint32);
  check_stores<std::int64_t>(Type::int64);
  check_stores<std::uint64_t>(Type::uint64);
}

TEST_CASE("store: floats round to nearest and overflow to infinity") {
  check_stores<HalfBits>(Type::float16);
  check_stores<float>(Type::float32);
  check_stores<double>(Type::float64);
}

}  // namespace
}  // namespace cconv::rows
