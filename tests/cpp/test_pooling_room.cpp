// The pooling and unpooling rooms at every level: random problems in random memory layouts, between
// guard pages, against windows that are gone through element by element.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

#include "algorithms/pooling/input.h"
#include "algorithms/pooling/room.h"
#include "algorithms/unpooling/room.h"
#include "cases.h"
#include "guarded.h"
#include "placement.h"

namespace cconv {
namespace {

using naive::Number;
using naive::Placement;
using naive::Tensor;

PoolAxis any_axis(Random& random, bool shared, std::int64_t most) {
  if (shared) return {random.between(1, most), random.between(1, 9), {}, true};
  for (;;) {
    PoolAxis axis{random.between(1, most), 0, {}, false};
    Window& w = axis.window;
    w.kernel = random.between(1, 5), w.stride = random.between(1, 4);
    w.dilation = random.between(1, 3);
    w.before = random.between(0, span(w) - 1), w.after = random.between(0, span(w) - 1);
    axis.out = output_extent(w, axis.in, random.between(0, 1) != 0);
    if (axis.out >= 1) return axis;
  }
}

PoolProblem any_problem(Random& random) {
  PoolProblem p;
  p.pool = static_cast<Pool>(random.between(0, 3));
  const bool shared = random.between(0, 3) == 0 && p.pool != Pool::norm;
  for (int a = static_cast<int>(random.between(0, 2)); a < kSpatial; ++a)
    p.axis[a] = any_axis(random, shared && random.between(0, 3) != 0,
                         a == 2 && random.between(0, 3) == 0 ? 400 : 9);
  p.N = random.between(1, 2);
  p.C = random.between(0, 3) ? random.between(1, 4) : random.between(60, 200);
  do p.src_type = static_cast<Type>(random.between(0, kTypes - 1));
  while (is_extreme(p.pool) && is_complex(p.src_type));
  p.dst_type = p.src_type;
  if (!is_extreme(p.pool) && is_integer(p.src_type)) p.dst_type = Type::float64;
  if (p.pool == Pool::norm && is_complex(p.src_type))
    p.dst_type = p.src_type == Type::complex64 ? Type::float32 : Type::float64;
  p.channels_last = random.between(0, 1) != 0;
  p.wants_indices = p.pool == Pool::maximum && random.between(0, 1);
  p.count_include_pad = random.between(0, 1) != 0;
  p.divisor = random.between(0, 3) ? 0 : -3;
  p.norm = static_cast<double>(random.between(1, 2));
  return p;
}

// Large windows that slide by one, over several bands and pieces.
PoolProblem any_sliding(Random& random) {
  PoolProblem p = any_problem(random);
  for (int a = 1; a < kSpatial; ++a) {
    Window w{random.between(1, 15)};
    w.before = random.between(0, w.kernel - 1), w.after = random.between(0, w.kernel - 1);
    const std::int64_t most = a == 2 && random.between(0, 5) == 0 ? 1200 : 80;
    const std::int64_t in = random.between(16, most) + (a == 2 ? 64 : 0);
    p.axis[a] = {in, output_extent(w, in), w, false};
  }
  p.axis[0] = {random.between(1, 2), 0, {}, false};
  p.axis[0].out = p.axis[0].in;
  p.C = random.between(1, 3);
  p.N = 1;
  return p;
}

// Coordinates that window o holds along an axis, and how many of its taps an average counts.
struct Held {
  std::vector<std::int64_t> inside;
  std::int64_t counted = 0;
};

Held held(const PoolProblem& p, const PoolAxis& axis, std::int64_t o) {
  Held h;
  if (axis.shared) {
    for (std::int64_t i = 0; i < axis.in; ++i)  // i / in from o / out on, before (o + 1) / out
      if ((i + 1) * axis.out > o * axis.in && i * axis.out < (o + 1) * axis.in)
        h.inside.push_back(i);
    h.counted = static_cast<std::int64_t>(h.inside.size());
    return h;
  }
  const Window& w = axis.window;
  for (std::int64_t t = 0; t < w.kernel; ++t) {
    const std::int64_t i = o * w.stride + t * w.dilation - w.before;
    const bool inside = i >= 0 && i < axis.in;
    if (inside) h.inside.push_back(i);
    h.counted += inside || (p.count_include_pad && i < axis.in + w.after);
  }
  return h;
}

struct Expected {
  Tensor values;
  std::vector<std::int64_t> indices;
  bool defined = true;  // no window is empty that must not be
};

double rounded(Type type, double value) {
  switch (type) {
    case Type::float16:
      return Half::nearest(static_cast<double>(static_cast<float>(value)));
    case Type::bfloat16:
      return Bfloat::nearest(static_cast<double>(static_cast<float>(value)));
    case Type::float32:
    case Type::complex64:
      return static_cast<float>(value);
    default:
      return value;
  }
}

// What one window gives: the last sums are exact, so one rounding is theirs.
Number reduce(const PoolProblem& p, const std::vector<Number>& held, std::int64_t counted,
              std::size_t& winner) {
  const double sign = p.pool == Pool::minimum ? -1 : 1;
  Number sum = 0;
  winner = 0;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const double x = sign * held[i].real(), most = sign * held[winner].real();
    if (x > most || (std::isnan(x) && !std::isnan(most))) winner = i;
    if (p.pool == Pool::average) sum += held[i];
    if (p.pool == Pool::norm) sum += std::pow(std::abs(held[i]), p.norm);
  }
  if (is_extreme(p.pool)) return held.empty() ? 0 : held[winner];
  const double divisor = static_cast<double>(p.divisor ? p.divisor : counted);
  if (p.pool == Pool::average)
    return {rounded(p.dst_type, sum.real() / divisor), rounded(p.dst_type, sum.imag() / divisor)};
  return rounded(p.dst_type, p.norm == 1 ? sum.real() : std::sqrt(sum.real()));
}

Expected pool(const PoolProblem& p, Tensor& src) {
  const auto& [d, h, w] = p.axis;
  Expected e{Tensor(p.N, p.C, d.out, h.out, w.out), {}};
  const bool needs =
      is_extreme(p.pool) || (p.pool == Pool::average && !p.count_include_pad && !p.divisor);
  for (std::int64_t n = 0; n < p.N; ++n)
    for (std::int64_t c = 0; c < p.C; ++c)
      for (std::int64_t od = 0; od < d.out; ++od)
        for (std::int64_t oh = 0; oh < h.out; ++oh)
          for (std::int64_t ow = 0; ow < w.out; ++ow) {
            const Held hd = held(p, d, od), hh = held(p, h, oh), hw = held(p, w, ow);
            std::vector<Number> values;
            std::vector<std::int64_t> places;
            for (const std::int64_t id : hd.inside)
              for (const std::int64_t ih : hh.inside)
                for (const std::int64_t iw : hw.inside) {
                  values.push_back(src.at(n, c, id, ih, iw));
                  places.push_back((id * h.in + ih) * w.in + iw);
                }
            if (values.empty() && needs) e.defined = false;
            std::size_t winner = 0;
            e.values.at(n, c, od, oh, ow) =
                reduce(p, values, hd.counted * hh.counted * hw.counted, winner);
            e.indices.push_back(places.empty() ? -1 : places[winner]);
          }
  return e;
}

bool equal(Number a, Number b) {
  const auto part = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  return part(a.real(), b.real()) && part(a.imag(), b.imag());
}

// Whole numbers so small that sums are exact in any order, complex ones of whole magnitude; among
// them, in floats, NaN and -inf.
Number any_number(Type type, Random& random) {
  const bool is_unsigned = type == Type::boolean || type == Type::uint8 || type == Type::uint16 ||
                           type == Type::uint32 || type == Type::uint64;
  const auto whole = [&] {
    return static_cast<double>(random.between(is_unsigned ? 0 : -7, type == Type::boolean ? 1 : 7));
  };
  if (is_float(type) && random.between(0, 60) == 0) return NAN;
  if (is_float(type) && random.between(0, 30) == 0)
    return random.between(0, 1) ? INFINITY : -INFINITY;
  if (!is_complex(type)) return whole();
  constexpr Number kDirections[] = {{1, 0}, {0, -1}, {3, 4}, {-4, 3}};
  return whole() * kDirections[random.between(0, 3)];
}

// Steps of a place in C order, whatever the order of the channels in memory.
std::vector<std::int64_t> in_order(const std::vector<std::int64_t>& stored, Tensor& shape,
                                   bool channels_last) {
  std::vector<std::int64_t> ordered;
  const Placement place = naive::contiguous(shape, 1, channels_last);
  shape.each(place.strides, [&](Number, std::int64_t at) {
    ordered.push_back(stored[static_cast<std::size_t>(at)]);
  });
  return ordered;
}

void check(const PoolProblem& p, Random& random) {
  Tensor src(p.N, p.C, p.axis[0].in, p.axis[1].in, p.axis[2].in);
  for (Number& value : src.values) value = any_number(p.src_type, random);
  Expected expected = pool(p, src);
  if (!expected.defined) return;
  const Placement to = naive::contiguous(expected.values, size_of(p.dst_type), p.channels_last);

  for_each_level([&](Level level) {
    REQUIRE(choose_level(name_of(level)));
    const bool plain = random.between(0, 1) != 0;
    const Placement from = plain ? naive::contiguous(src, size_of(p.src_type), p.channels_last)
                                 : naive::scattered(src, size_of(p.src_type), random);
    Guarded src_memory(static_cast<std::size_t>(from.bytes));
    std::byte* const data = src_memory.last(static_cast<std::size_t>(from.bytes));
    src.each(from.strides, [&](Number value, std::int64_t at) {
      write_number(p.src_type, value, data + from.origin + at);
    });
    Guarded dst_memory(static_cast<std::size_t>(to.bytes));
    std::byte* const result = dst_memory.last(static_cast<std::size_t>(to.bytes));
    std::vector<std::int64_t> indices(p.wants_indices ? expected.indices.size() : 0);
    const naive::Placed src_placed(data, src, from), dst_placed(result, expected.values, to);
    // A new thread keeps no workspace: what is taken ends at a guard page.
    std::thread([&] {
      Stop stop;
      pooling::run(p, src_placed.view, dst_placed.view, p.wants_indices ? indices.data() : nullptr,
                   static_cast<int>(random.between(1, 4)), stop);
    }).join();
    CHECK(dst_memory.rest_is_untouched());
    std::int64_t wrong = 0;
    expected.values.each(to.strides, [&](Number value, std::int64_t at) {
      wrong += !equal(read_number(p.dst_type, result + at), value);
    });
    CHECK(wrong == 0);
    if (p.wants_indices)
      CHECK(in_order(indices, expected.values, p.channels_last) == expected.indices);
  });
}

// Tests force levels; others find the best one in use.
struct LevelKept {
  const Level level = active_level();
  ~LevelKept() { choose_level(name_of(level)); }
};

template <class T>
void check_neutral(Type type) {
  using Limits = std::numeric_limits<T>;
  const auto neutral = [&](Pool pool) {
    const std::uint64_t bits = pooling::neutral_of(pool, type);
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  };
  CHECK(neutral(Pool::maximum) == (Limits::has_infinity ? -Limits::infinity() : Limits::min()));
  CHECK(neutral(Pool::minimum) == (Limits::has_infinity ? Limits::infinity() : Limits::max()));
  CHECK(neutral(Pool::average) == 0);
}

TEST_CASE("what changes nothing") {
  check_neutral<bool>(Type::boolean);
  check_neutral<std::int8_t>(Type::int8);
  check_neutral<std::uint8_t>(Type::uint8);
  check_neutral<std::int16_t>(Type::int16);
  check_neutral<std::uint16_t>(Type::uint16);
  check_neutral<std::int32_t>(Type::int32);
  check_neutral<std::uint32_t>(Type::uint32);
  check_neutral<std::int64_t>(Type::int64);
  check_neutral<std::uint64_t>(Type::uint64);
  check_neutral<float>(Type::float32);
  check_neutral<double>(Type::float64);
}

TEST_CASE("random pools agree with windows gone through element by element") {
  const LevelKept kept;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    check(any_problem(random), random);
  }
}

TEST_CASE("large windows that slide agree with windows gone through element by element") {
  const LevelKept kept;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    check(any_sliding(random), random);
  }
}

TEST_CASE("an average pays for the conversion of what is converted alone") {
  const auto cost_of = [](Type type) {
    PoolProblem p;
    p.pool = Pool::average;
    p.src_type = p.dst_type = type;
    p.axis[2] = {1000, 500, {2, 2, 1, 0, 0}, false};
    return pooling::cost(p);
  };
  CHECK(cost_of(Type::complex64) == cost_of(Type::float32));
  CHECK(cost_of(Type::complex128) == cost_of(Type::float64));
  CHECK(cost_of(Type::float16) > cost_of(Type::float32));
}

TEST_CASE("a long sum is taken in blocks: the mean of many ones is 1") {
  const std::int64_t n = std::int64_t{1} << 25;  // a chain of float32 ones ends at 2**24
  const float one = 1;
  PoolProblem p;
  p.pool = Pool::average;
  for (const bool shared : {false, true})
    for (const int axis : {1, 2}) {
      for (PoolAxis& a : p.axis) a = {};
      p.axis[axis] = {n, 1, {n, 1, 1, 0, 0}, shared};
      float mean = 0;
      const Batch none{};
      const View src{reinterpret_cast<std::byte*>(const_cast<float*>(&one)), &none, 0, {}};
      const View dst{reinterpret_cast<std::byte*>(&mean), &none, 0, {4, 4, 4}};
      Stop stop;
      pooling::run(p, src, dst, nullptr, 1, stop);
      CHECK(mean == 1);
    }
}

TEST_CASE("random values are put back in order, and the first index without a place is found") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    UnpoolProblem p;
    p.N = random.between(1, 2), p.C = random.between(0, 3) ? random.between(1, 3) : 100;
    for (int a = 0; a < kSpatial; ++a)
      p.in[a] = random.between(1, 4), p.out[a] = random.between(1, 6);
    p.type = static_cast<Type>(random.between(0, kTypes - 1));
    constexpr Type kIndexTypes[] = {Type::int8,  Type::uint8,  Type::int16, Type::uint16,
                                    Type::int32, Type::uint32, Type::int64, Type::uint64};
    p.index_type = kIndexTypes[random.between(0, 7)];
    const bool channels_last = random.between(0, 1) != 0, strays = random.between(0, 4) == 0;
    const std::int64_t places = p.out[0] * p.out[1] * p.out[2];

    Tensor src(p.N, p.C, p.in[0], p.in[1], p.in[2]), indices = src;
    Tensor expected(p.N, p.C, p.out[0], p.out[1], p.out[2]);
    for (Number& value : src.values) value = any_number(p.type, random);
    for (Number& i : indices.values)
      i = static_cast<double>(random.between(0, std::min<std::int64_t>(places, 127) - 1));
    if (strays && places < 127) indices.values.back() = static_cast<double>(places);
    const std::size_t plane = src.values.size() / static_cast<std::size_t>(p.N * p.C);
    for (std::size_t i = 0; i < src.values.size(); ++i) {
      const auto at = static_cast<std::size_t>(indices.values[i].real());
      if (at < static_cast<std::size_t>(places))
        expected.values[i / plane * static_cast<std::size_t>(places) + at] = src.values[i];
    }

    const auto placed = [&](Tensor& t, Type type, Guarded& memory, const Placement& place) {
      std::byte* const data = memory.last(static_cast<std::size_t>(place.bytes));
      t.each(place.strides, [&](Number value, std::int64_t at) {
        write_number(type, value, data + place.origin + at);
      });
      return data;
    };
    const Placement from = naive::scattered(src, size_of(p.type), random);
    const Placement index_from = naive::scattered(indices, size_of(p.index_type), random);
    const Placement to = naive::contiguous(expected, size_of(p.type), channels_last);
    Guarded src_memory(static_cast<std::size_t>(from.bytes));
    Guarded index_memory(static_cast<std::size_t>(index_from.bytes));
    Guarded dst_memory(static_cast<std::size_t>(to.bytes));
    const naive::Placed x(placed(src, p.type, src_memory, from), src, from);
    const naive::Placed i(placed(indices, p.index_type, index_memory, index_from), indices,
                          index_from);
    std::byte* const result = dst_memory.last(static_cast<std::size_t>(to.bytes));
    const naive::Placed y(result, expected, to);
    Stop stop;
    const std::optional<std::int64_t> stray =
        unpooling::run(p, x.view, i.view, y.view, static_cast<int>(random.between(1, 4)), stop);
    CHECK(dst_memory.rest_is_untouched());
    CHECK(stray.has_value() == (strays && places < 127));
    if (stray) {
      CHECK(*stray == places);
      continue;
    }
    std::int64_t wrong = 0;
    expected.each(to.strides, [&](Number value, std::int64_t at) {
      wrong += !equal(read_number(p.type, result + at), value);
    });
    CHECK(wrong == 0);
  }
}

}  // namespace
}  // namespace cconv
