// Loads of every level: every element type, in every layout, from buffers between guard pages.
#include <limits>
#include <memory>

#include "patches.h"

namespace cconv::rows {
namespace {

// Any bits, often those of an extreme number.
template <class T>
void fill_elements(std::byte* from, std::size_t bytes, Random& random) {
  constexpr T kExtremes[] = {0, 1, std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(),
                             std::numeric_limits<T>::min()};
  for (std::size_t i = 0; i < bytes; ++i) from[i] = static_cast<std::byte>(random.bits());
  if (bytes < sizeof(T)) return;
  for (std::size_t i = 0; i < bytes / sizeof(T) / 4; ++i) {
    const auto at = random.between(0, static_cast<std::int64_t>(bytes - sizeof(T)));
    std::memcpy(from + at, &kExtremes[random.between(0, 4)], sizeof(T));
  }
}

template <class From, class Sum>
void check_load(Type type, Type sum) {
  for_each_level([&](Level level) {
    const Load load = kernels(level).load[static_cast<int>(type)][sum_index(sum)];
    REQUIRE((load != nullptr));
    Guarded src(kMostBytes), dst(33 * 35 * sizeof(Sum));
    Random random(3);
    bool at_end = true;
    for_each_layout(sizeof(From), [&](const Layout& layout) {
      const std::size_t bytes = layout.bytes();
      std::byte* const data = at_end ? src.last(bytes) : src.first(bytes);
      at_end = !at_end;
      fill_elements<From>(data, bytes, random);
      const auto patch = layout.patch<const std::byte>(data);

      const std::int64_t stride = layout.count + layout.rows % 3;
      const bool empty = bytes == 0;
      const auto out_count = static_cast<std::size_t>(
          empty ? 0 : (layout.rows - 1) * stride + layout.count);
      auto* const out = reinterpret_cast<Sum*>(dst.last(out_count * sizeof(Sum)));
      load(patch, out, stride);

      bool right = dst.rest_is_untouched();
      for (std::int64_t r = 0; r < layout.rows && !empty; ++r) {
        for (std::int64_t i = 0; i < layout.count; ++i)
          right &= same(out[r * stride + i], static_cast<Sum>(element_at<From>(patch, r, i)));
        const auto* const gap = reinterpret_cast<const std::byte*>(out + r * stride + layout.count);
        if (r + 1 < layout.rows)
          right &= Guarded::all_canaries(
              gap, gap + static_cast<std::size_t>(stride - layout.count) * sizeof(Sum));
      }
      CHECK(right);
    });
  });
}

template <class From>
void check_loads(Type type) {
  INFO("from ", name_of(type));
  check_load<From, float>(type, Type::float32);
  check_load<From, double>(type, Type::float64);
}

TEST_CASE("load: integers") {
  check_loads<std::uint8_t>(Type::boolean);  // 0 or 1; any byte counts as its number
  check_loads<std::int8_t>(Type::int8);
  check_loads<std::uint8_t>(Type::uint8);
  check_loads<std::int16_t>(Type::int16);
  check_loads<std::uint16_t>(Type::uint16);
  check_loads<std::int32_t>(Type::int32);
  check_loads<std::uint32_t>(Type::uint32);
  check_loads<std::int64_t>(Type::int64);
  check_loads<std::uint64_t>(Type::uint64);
}

TEST_CASE("load: floats") {
  check_loads<float>(Type::float32);
  check_loads<double>(Type::float64);
}

TEST_CASE("load: one element seen many times") {
  for_each_level([](Level level) {
    Guarded src(sizeof(float));
    std::byte* const data = src.last(sizeof(float));
    const float value = 2.5F;
    std::memcpy(data, &value, sizeof value);
    for (const std::int64_t rows : {1, 3, 40}) {
      std::vector<double> out(static_cast<std::size_t>(rows * 5));
      kernels(level).load[static_cast<int>(Type::float32)][sum_index(Type::float64)](
          {data, 0, 0, rows, 5}, out.data(), 5);
      CHECK(std::all_of(out.begin(), out.end(), [](double x) { return x == 2.5; }));
    }
  });
}

TEST_CASE("a real sum holds no complex number, an integer sum no float") {
  for_each_level([](Level level) {
    const Kernels& k = kernels(level);
    for (int from = 0; from < kTypes; ++from) {
      for (const Type sum : {Type::float32, Type::float64, Type::int32, Type::int64, Type::complex64,
                             Type::complex128}) {
        const Type type = static_cast<Type>(from);
        const bool held = is_complex(sum) || (is_integer(sum) ? is_integer(type) : !is_complex(type));
        CHECK(((k.load[from][sum_index(sum)] != nullptr) == held));
        CHECK(((k.store[sum_index(sum)][from] != nullptr) == (is_complex(type) || !is_complex(sum))));
      }
    }
  });
}

}  // namespace
}  // namespace cconv::rows
