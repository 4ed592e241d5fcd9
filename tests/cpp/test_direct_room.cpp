// The whole direct room at every level: random problems in random memory layouts against the
// formula, and the same bits whatever the strides and the number of threads.
#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "algorithms/room.h"
#include "cases.h"
#include "guarded.h"
#include "naive.h"
#include "placement.h"

namespace cconv {
namespace {

using naive::Placement;
using naive::Tensor;

// A problem with its numbers.
struct Case {
  Problem p;
  Tensor src, weights, bias;

  explicit Case(const Problem& problem)
      : p(problem),
        src(p.N, p.IC, p.axis[0].in, p.axis[1].in, p.axis[2].in),
        weights(p.OC, p.IC / p.G, p.axis[0].window.kernel, p.axis[1].window.kernel,
                p.axis[2].window.kernel),
        bias(1, p.OC, 1, 1, 1) {}

  // Numbers that the types hold; imaginary parts where they have them.
  template <class F>
  void fill(F number) {
    const auto fill = [&](Tensor& t, Type type) {
      for (naive::Number& value : t.values) {
        value = {number(type), is_complex(type) ? number(type) : 0};
      }
    };
    fill(src, p.src_type);
    fill(weights, p.sum_type);
    fill(bias, p.sum_type);
  }

  // The result in C order, computed with every buffer between guard pages.
  std::vector<std::byte> run(Level level, const Placement& src_place, int threads) {
    REQUIRE(choose_level(name_of(level)));
    Guarded src_memory(static_cast<std::size_t>(src_place.bytes));
    std::byte* const data = src_memory.last(static_cast<std::size_t>(src_place.bytes));
    src.each(src_place.strides, [&](naive::Number value, std::int64_t at) {
      write_number(p.src_type, value, data + src_place.origin + at);
    });
    const std::vector<std::byte> w = naive::dense(p.sum_type, weights),
                                 b = naive::dense(p.sum_type, bias);

    const Tensor dst(p.N, p.OC, p.axis[0].out, p.axis[1].out, p.axis[2].out);
    const Placement dst_place = naive::contiguous(dst, size_of(p.dst_type), p.channels_last);
    Guarded dst_memory(static_cast<std::size_t>(dst_place.bytes));
    std::byte* const result = dst_memory.last(static_cast<std::size_t>(dst_place.bytes));

    const naive::Placed from(data, src, src_place), to(result, dst, dst_place);
    const Operands operands{from.view, w.data(), p.has_bias ? b.data() : nullptr, to.view};
    // A new thread keeps no workspace: what is taken ends at a guard page.
    std::thread([&] {
      Stop stop;
      direct_room().run(p, operands, threads, stop);
    }).join();
    CHECK(dst_memory.rest_is_untouched());
    return {result, result + dst_place.bytes};
  }
};

Axis axis_of(std::int64_t in, const Window& w) { return {in, output_extent(w, in), w}; }

Axis any_axis(Random& random) {
  for (;;) {
    const Window w{random.between(1, 4), random.between(1, 3), random.between(1, 2),
                   random.between(0, 4), random.between(0, 4)};
    const Axis axis = axis_of(random.between(1, random.between(0, 4) ? 9 : 70), w);
    if (axis.out >= 1) return axis;
  }
}

// Any two types; weights are given in the type of the sum.
void set_types(Problem& p, Random& random) {
  const auto any_type = [&] { return static_cast<Type>(random.between(0, kTypes - 1)); };
  p.src_type = any_type();
  p.weights_type = any_type();
  p.sum_type = arithmetic_of(p.src_type, p.weights_type).sum;
  constexpr Type kResults[] = {Type::float32, Type::float64, Type::int16, Type::int32, Type::int64};
  const bool cast = !is_complex(p.sum_type) && random.between(0, 1);
  p.dst_type = cast ? kResults[random.between(0, 4)] : p.sum_type;
  if (p.border != Border::constant) return;
  p.border_value.integer = random.between(0, 1);
  p.border_value.value = {static_cast<double>(p.border_value.integer),
                          is_complex(p.src_type) ? 2.0 : 0.0};
}

Problem any_problem(Random& random) {
  Problem p;
  p.dims = static_cast<int>(random.between(1, 3));
  for (int a = kSpatial - p.dims; a < kSpatial; ++a) p.axis[a] = any_axis(random);
  p.N = random.between(1, 4);
  p.G = random.between(1, 3);
  p.IC = p.G * random.between(0, 4);
  p.OC = p.G * random.between(1, 10);
  p.border = static_cast<Border>(random.between(0, 4));
  set_types(p, random);
  const bool may_relu = !is_complex(p.sum_type) && random.between(0, 2) == 0;
  p.activation = may_relu ? Activation::relu : Activation::none;
  p.has_bias = random.between(0, 1) != 0;
  p.channels_last = random.between(0, 1) != 0;
  return p;
}

// Problems that reach each way of tiling: blocks of channels, several blocks of terms, wide rows
// cut on their own, planes that merge into one row.
std::vector<Problem> large_problems() {
  const Window w1{}, w3{3, 1, 1, 1, 1}, w5{5, 2, 1, 0, 3};
  Problem channels, terms, wide, merged, wide2;
  channels.IC = 2, channels.OC = 53, channels.axis[1] = channels.axis[2] = axis_of(70, w1);
  terms.IC = 61, terms.OC = 9, terms.axis[1] = axis_of(9, w3), terms.axis[2] = axis_of(11, w3);
  wide.dims = 1, wide.IC = 2, wide.OC = 3, wide.axis[2] = axis_of(9001, w5);
  merged.dims = 3, merged.N = 2, merged.IC = 3, merged.OC = 4;
  for (Axis& axis : merged.axis) axis = axis_of(17, w1);
  wide2.axis[1] = axis_of(3, w3), wide2.axis[2] = axis_of(4300, w3);
  return {channels, terms, wide, merged, wide2};
}

// Whole numbers so small that sums are exact in any order.
double small_number(Type type, Random& random) {
  const bool is_unsigned = type == Type::boolean || type == Type::uint8 || type == Type::uint16 ||
                           type == Type::uint32 || type == Type::uint64;
  return static_cast<double>(random.between(is_unsigned ? 0 : -4, type == Type::boolean ? 1 : 4));
}

void check_formula(const Problem& problem, Random& random) {
  Case c(problem);
  c.fill([&](Type type) { return small_number(type, random); });
  Tensor expected = naive::convolve(c.p, c.src, c.weights, c.bias);
  const Placement dst = naive::contiguous(expected, size_of(c.p.dst_type), c.p.channels_last);
  for_each_level([&](Level level) {
    const Placement src = naive::scattered(c.src, size_of(c.p.src_type), random);
    const auto result = c.run(level, src, static_cast<int>(random.between(1, 4)));
    std::int64_t wrong = 0;
    expected.each(dst.strides, [&](naive::Number value, std::int64_t at) {
      wrong += read_number(c.p.dst_type, result.data() + at) != value;
    });
    CHECK(wrong == 0);
  });
}

void check_bits(const Problem& problem, Random& random) {
  Case c(problem);
  c.fill([&](Type type) { return is_integer(type) ? small_number(type, random) : random.unit(); });
  for_each_level([&](Level level) {
    const auto plain = c.run(level, naive::contiguous(c.src, size_of(c.p.src_type), false), 1);
    for (const int threads : {1, 2, 5})
      CHECK(c.run(level, naive::scattered(c.src, size_of(c.p.src_type), random), threads) == plain);
  });
}

// Tests force levels; others find the best one in use.
struct LevelKept {
  const Level level = active_level();
  ~LevelKept() { choose_level(name_of(level)); }
};

TEST_CASE("random problems agree with the formula") {
  const LevelKept kept;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    check_formula(any_problem(random), random);
  }
}

TEST_CASE("large problems agree with the formula") {
  const LevelKept kept;
  Random random(5);
  for (Problem& p : large_problems()) check_formula(p, random);
}

TEST_CASE("the same bits whatever the strides and the number of threads") {
  const LevelKept kept;
  for (std::uint64_t seed = 1000; seed < 1060; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    check_bits(any_problem(random), random);
  }
  Random random(6);
  for (const Problem& p : large_problems()) check_bits(p, random);
}

}  // namespace
}  // namespace cconv
