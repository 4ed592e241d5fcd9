// Loads of every level: every element type, in every layout, from buffers between guard pages.
#include <limits>
#include <string>
#include <type_traits>

#include "patches.h"

namespace cconv::rows {
namespace {

// Any bits, often those of an extreme number.
template <class T>
void fill_elements(std::byte* from, std::size_t bytes, Random& random) {
  for (std::size_t i = 0; i < bytes; ++i) from[i] = static_cast<std::byte>(random.bits());
  if (bytes < sizeof(T)) return;
  if constexpr (std::is_arithmetic_v<T>) {
    using Limits = std::numeric_limits<T>;
    constexpr T kExtremes[] = {0, 1, Limits::max(), Limits::lowest(), Limits::min()};
    for (std::size_t i = 0; i < bytes / sizeof(T) / 4; ++i) {
      const auto at = random.between(0, static_cast<std::int64_t>(bytes - sizeof(T)));
      std::memcpy(from + at, &kExtremes[random.between(0, 4)], sizeof(T));
    }
  }
}

// The element as a term: exact or rounded once; integers wrap.
template <class Sum, class From>
Sum widened(From value) {
  if constexpr (kIsComplex<Sum> && !kIsComplex<From>)
    return Sum(static_cast<typename Sum::value_type>(value), 0);
  else
    return static_cast<Sum>(value);
}

// A patch loads as it is read one element at a time, and nothing else is written.
template <class From, class Sum>
void check_layout(Load load, const Layout& layout, std::byte* data, Guarded& dst, Random& random) {
  fill_elements<From>(data, layout.bytes(), random);
  const auto patch = layout.patch<const std::byte>(data);

  const std::int64_t stride = layout.count + layout.rows % 3;
  const std::int64_t rows = layout.bytes() == 0 ? 0 : layout.rows;
  const auto out_count =
      static_cast<std::size_t>(rows > 0 ? (rows - 1) * stride + layout.count : 0);
  auto* const out = reinterpret_cast<Sum*>(dst.last(out_count * sizeof(Sum)));
  load(patch, out, stride);

  bool right = dst.rest_is_untouched();
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t i = 0; i < layout.count; ++i)
      right &= same(out[r * stride + i], widened<Sum>(element_at<From>(patch, r, i)));
    const auto* const gap = reinterpret_cast<const std::byte*>(out + r * stride + layout.count);
    const auto gap_bytes = static_cast<std::size_t>(stride - layout.count) * sizeof(Sum);
    if (r + 1 < rows) right &= Guarded::all_canaries(gap, gap + gap_bytes);
  }
  CHECK(right);
}

template <class From, class Sum>
void check_load(Load load, Guarded& src, Guarded& dst) {
  Random random(3);
  bool at_end = true;
  for_each_layout(sizeof(From), [&](const Layout& layout) {
    std::byte* const data = at_end ? src.last(layout.bytes()) : src.first(layout.bytes());
    at_end = !at_end;
    check_layout<From, Sum>(load, layout, data, dst, random);
  });
}

TEST_CASE("load: every type into every sum that holds it") {
  Guarded src(kMostBytes), dst(kMostSumBytes);
  for_each_level([&](Level level) {
    for (int from = 0; from < kTypes; ++from)
      for (const Type sum : kSumTypes) {
        const auto type = static_cast<Type>(from);
        const Load load = kernels(level).load[from][sum_index(sum)];
        if (load == nullptr) continue;
        INFO(std::string(name_of(type)), " to ", std::string(name_of(sum)));
        with_element(type, [&]<class From>(From) {
          with_element(sum, [&]<class Sum>(Sum) {
            constexpr bool kHeld = (kIsComplex<Sum> || !kIsComplex<From>)&&(
                std::is_integral_v<From> || !std::is_integral_v<Sum>);
            if constexpr (kHeld && sizeof(Sum) >= 4) check_load<From, Sum>(load, src, dst);
          });
        });
      }
  });
}

TEST_CASE("load: every size of a transposed patch of sums") {
  Guarded src(kMostTransposed), dst(kMostTransposed);
  for_each_level([&](Level level) {
    for (const Type type : kSumTypes) {
      INFO(std::string(name_of(type)));
      const Load load = kernels(level).load[static_cast<int>(type)][sum_index(type)];
      Random random(4);
      with_element(type, [&]<class T>(T) {
        if constexpr (sizeof(T) >= 4)
          for_each_transposed(sizeof(T), [&](const Layout& layout) {
            check_layout<T, T>(load, layout, src.last(layout.bytes()), dst, random);
          });
      });
    }
  });
}

template <class Short, class Sum>
void check_every_short(Load load) {
  std::vector<Short> in;
  for (int bits = 0; bits < 1 << 16; ++bits) in.push_back({static_cast<std::uint16_t>(bits)});
  const auto count = static_cast<std::int64_t>(in.size());
  for (const std::int64_t length : {count, kShortRow}) {
    const std::int64_t rows = count / length;
    std::vector<Sum> out(in.size());
    load({reinterpret_cast<const std::byte*>(in.data()), length * 2, 2, rows, length}, out.data(),
         length);
    int wrong = 0;
    for (std::int64_t i = 0; i < rows * length; ++i)
      wrong += !same(out[static_cast<std::size_t>(i)],
                     static_cast<Sum>(static_cast<double>(in[static_cast<std::size_t>(i)])));
    INFO("rows of ", length);
    CHECK(wrong == 0);
  }
}

TEST_CASE("load: every float of 16 bits") {
  for_each_level([](Level level) {
    const auto load = [&](Type from, Type sum) {
      return kernels(level).load[static_cast<int>(from)][sum_index(sum)];
    };
    check_every_short<Half, float>(load(Type::float16, Type::float32));
    check_every_short<Half, double>(load(Type::float16, Type::float64));
    check_every_short<Bfloat, float>(load(Type::bfloat16, Type::float32));
    check_every_short<Bfloat, double>(load(Type::bfloat16, Type::float64));
  });
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
      for (const Type sum : kSumTypes) {
        const Type type = static_cast<Type>(from);
        const bool held =
            is_complex(sum) || (is_integer(sum) ? is_integer(type) : !is_complex(type));
        CHECK(((k.load[from][sum_index(sum)] != nullptr) == held));
        CHECK(
            ((k.store[sum_index(sum)][from] != nullptr) == (is_complex(type) || !is_complex(sum))));
      }
    }
  });
}

}  // namespace
}  // namespace cconv::rows
