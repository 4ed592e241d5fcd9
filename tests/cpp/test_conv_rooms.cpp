// Every room at every level: problems in random memory layouts against the formula, and the same
// bits whatever the strides, the number of threads and whether the weights are prepared.
#include <algorithm>
#include <future>
#include <new>
#include <vector>

#include "cases.h"
#include "guarded.h"
#include "naive.h"
#include "placement.h"
#include "plan/plan.h"
#include "runtime/workspace.h"

namespace cconv {
namespace {

using naive::Placement;
using naive::Tensor;

// How a room is run.
struct How {
  const Room& room;
  Level level;
  int threads = 1;
  bool prepared = false;
};

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
    if (p.form == Form::general) return;
    // A product of powers of two, so that it stays one in every type; or all alike.
    const auto width = static_cast<std::size_t>(p.axis[2].window.kernel);
    const bool equal = p.form == Form::constant;
    for (std::size_t i = 0; i < weights.values.size(); ++i)
      weights.values[i] = equal ? 3.0
                                : (i / width % 3 == 0 ? 1.0
                                   : p.small_weights  ? 2.0
                                                      : -2.0) *
                                      (i % width % 2 ? 4.0 : 1.0);
  }

  Placement contiguous_src(bool channels_last) const {
    return naive::contiguous(src, size_of(p.src_type), channels_last);
  }
  Placement scattered_src(Random& random) const {
    return naive::scattered(src, size_of(p.src_type), random);
  }

  // The result in C order, computed with every buffer between guard pages.
  std::vector<std::byte> run(const How& how, const Placement& src_place) {
    REQUIRE(choose_level(name_of(how.level)));
    Problem problem = p;
    problem.prepared = how.prepared;
    Guarded src_memory(static_cast<std::size_t>(src_place.bytes));
    std::byte* const data = src_memory.last(static_cast<std::size_t>(src_place.bytes));
    src.each(src_place.strides, [&](naive::Number value, std::int64_t at) {
      write_number(p.src_type, value, data + src_place.origin + at);
    });

    const Tensor dst(p.N, p.OC, p.axis[0].out, p.axis[1].out, p.axis[2].out);
    const Placement dst_place = naive::contiguous(dst, size_of(p.dst_type), p.channels_last);
    Guarded dst_memory(static_cast<std::size_t>(dst_place.bytes));
    std::byte* const result = dst_memory.last(static_cast<std::size_t>(dst_place.bytes));

    const naive::Placed from(data, src, src_place), to(result, dst, dst_place);
    Weights given(*this, how);
    const Operands operands{from.view, given.weights(), given.bias(), to.view, given.prepared()};
    // A new thread keeps no workspace: what is taken ends at a guard page.
    std::async(std::launch::async, [&] {
      Stop stop;
      how.room.run(problem, operands, how.threads, stop);
    }).get();
    CHECK(dst_memory.rest_is_untouched());
    return {result, result + dst_place.bytes};
  }

 private:
  // Weights and biases as they are, or as the room prepares them.
  class Weights {
   public:
    Weights(Case& c, const How& how)
        : weights_(naive::dense(c.p.sum_type, c.weights)),
          bias_(c.p.has_bias ? naive::dense(c.p.sum_type, c.bias) : std::vector<std::byte>()),
          bytes_(how.prepared ? how.room.prepared_bytes(c.p) : 0),
          memory_(static_cast<std::size_t>(bytes_ + kCacheLine)) {
      if (bytes_ == 0) return;
      prepared_ = memory_.last(static_cast<std::size_t>(round_up(bytes_, kCacheLine)));
      how.room.prepare(c.p, weights_.data(), address_of(bias_), prepared_);
      CHECK(memory_.rest_is_untouched());
      CHECK(Guarded::all_canaries(prepared_ + bytes_, prepared_ + round_up(bytes_, kCacheLine)));
    }

    const std::byte* weights() const { return prepared_ ? nullptr : weights_.data(); }
    const std::byte* bias() const { return prepared_ ? nullptr : address_of(bias_); }
    const std::byte* prepared() const { return prepared_; }

   private:
    static const std::byte* address_of(const std::vector<std::byte>& bytes) {
      return bytes.empty() ? nullptr : bytes.data();
    }

    std::vector<std::byte> weights_, bias_;
    std::int64_t bytes_;
    Guarded memory_;
    std::byte* prepared_ = nullptr;
  };
};

// Calls f(how) for every level and every room that takes the problem.
template <class F>
void for_each_room(const Problem& p, F f) {
  for_each_level([&](Level level) {
    for (const RoomOf room : kRooms) {
      INFO("room ", std::string(kAlgorithmNames[static_cast<int>(room().algorithm())]));
      if (room().refusal(p) == nullptr) f(How{room(), level});
    }
  });
}

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
  p.OC = p.G * (random.between(0, 3) ? random.between(1, 10) : 16);
  p.border = static_cast<Border>(random.between(0, 4));
  set_types(p, random);
  const bool may_relu = !is_complex(p.sum_type) && random.between(0, 2) == 0;
  p.activation = may_relu ? Activation::relu : Activation::none;
  p.has_bias = random.between(0, 1) != 0;
  p.channels_last = random.between(0, 1) != 0;
  return p;
}

// A filter for each channel; of some, there are fewer than lanes.
Problem any_depthwise(Random& random) {
  Problem p = any_problem(random);
  p.G = p.IC = p.OC = random.between(1, 40);
  return p;
}

// One filter whose weights are a column times a row, or all the same.
Problem any_separable(Random& random) {
  Problem p = any_problem(random);
  p.G = p.IC = p.OC = 1;
  p.form = random.between(0, 1) ? Form::separable : Form::constant;
  p.axis[2].window.stride = 1;
  if (random.between(0, 1)) p.axis[2].window.kernel = random.between(1, 20);
  if (p.dims > 1 && random.between(0, 1)) p.axis[1].window = {random.between(1, 12)};
  for (int a = kSpatial - p.dims; a < kSpatial; ++a) {
    p.axis[a].in += p.axis[a].window.kernel * p.axis[a].window.dilation;
    p.axis[a] = axis_of(p.axis[a].in, p.axis[a].window);
  }
  return p;
}

// Such a filter that makes bytes of bytes; sums of small numbers are bytes too.
Problem any_of_bytes(Random& random) {
  Problem p = any_separable(random);
  p.dims = 2;
  p.axis[0] = {};
  for (int a = 1; a < kSpatial; ++a) {
    Window& w = p.axis[a].window;
    w.kernel = random.between(1, a == 1 ? 3 : 5);
    p.axis[a] = axis_of(p.axis[a].in + 30, w);
  }
  p.src_type = p.dst_type = Type::uint8;
  p.weights_type = p.sum_type = random.between(0, 1) ? Type::float32 : Type::int64;
  p.border_value = {};
  p.border_value.value.real = static_cast<double>(p.border_value.integer = random.between(0, 4));
  p.small_weights = true;
  p.has_bias = false;
  p.activation = Activation::none;
  return p;
}

Problem image(std::int64_t IC, std::int64_t OC, const Axis& h, const Axis& w) {
  Problem p;
  p.IC = IC, p.OC = OC;
  p.axis[1] = h, p.axis[2] = w;
  return p;
}

Problem volume(std::int64_t N, std::int64_t IC, std::int64_t OC, const Axis& axis) {
  Problem p;
  p.dims = 3, p.N = N, p.IC = IC, p.OC = OC;
  std::fill_n(p.axis, kSpatial, axis);
  return p;
}

// Problems that reach each way of tiling.
std::vector<Problem> large_problems() {
  const Window w1{}, w2{2, 1, 2, 1, 1}, w3{3, 1, 1, 1, 1}, w5{5, 2, 1, 0, 3}, skipping{1, 2};
  std::vector<Problem> all = {
      // Blocks of channels; a plane without window, one row.
      image(2, 133, axis_of(50, w1), axis_of(51, w1)),
      // Blocks of terms: of whole rows of taps, of taps, of channels of a tap.
      image(61, 9, axis_of(9, w3), axis_of(11, w3)),
      image(101, 16, axis_of(5, w3), axis_of(6, w3)),
      image(601, 3, axis_of(3, w2), axis_of(4, w2)),
      // Rows cut on their own: of few channels and of some, of so many that fewer columns fit.
      image(2, 3, {}, axis_of(9001, w5)),
      image(1, 1, axis_of(3, w3), axis_of(4300, w3)),
      image(24, 48, {}, axis_of(401, w5)),
      image(300, 1, axis_of(3, w3), axis_of(150, w3)),
      // Rows of a plane; as many as fit.
      image(9, 33, axis_of(31, w3), axis_of(40, w3)),
      image(100, 2, axis_of(30, w3), axis_of(28, w2)),
      // Planes of several images; as many as fit.
      volume(5, 8, 16, axis_of(6, w2)),
      image(100, 2, axis_of(9, w3), axis_of(9, w3)),
      // All images one row; but every other element of them.
      volume(2, 3, 4, axis_of(17, w1)),
      volume(3, 17, 16, axis_of(11, skipping)),
  };
  all[6].G = all[8].G = 3, all[11].N = 9;
  // Of depthwise: rows cut on their own, rows of a plane, planes of several images.
  for (const Axis& w : {axis_of(1500, w5), axis_of(40, w3), axis_of(6, w2)}) {
    all.push_back(image(37, 37, axis_of(w.in < 50 ? w.in : 3, w3), w));
    all.back().G = 37, all.back().N = 3;
  }
  // Rows of several planes, copied, whose numbers have their last bits in common.
  all.push_back(image(2, 3, axis_of(16, w3), axis_of(780, w3)));
  all.back().dims = 3, all.back().axis[0] = axis_of(5, {3, 1, 2});
  // Of filter2d: bands and chunks of a plane; windows of several chains; every other row and
  // column.
  for (const Window& w : {Window{5, 1, 1, 2, 2}, {20, 1, 1, 9, 10}, {3, 2, 1, 1, 1}})
    all.push_back(image(1, 1, axis_of(70, w), axis_of(1530, w)));
  // Of separable: several bands and chunks; windows higher than a band.
  for (const Window& w : {Window{5, 1, 1, 2, 2}, {11, 1, 1, 5, 5}, {26, 1, 1, 9, 16}})
    for (const Form form : {Form::separable, Form::constant}) {
      all.push_back(image(1, 1, axis_of(70, w), axis_of(w.kernel < 9 ? 2100 : 900, w)));
      all.back().form = form;
    }
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].border = static_cast<Border>(i % 5);
    all[i].channels_last = i % 3 != 0;
    all[i].has_bias = i % 2 == 0;
  }
  return all;
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
  for_each_room(c.p, [&](How how) {
    how.threads = static_cast<int>(random.between(1, 4));
    const auto result = c.run(how, c.scattered_src(random));
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
  for_each_room(c.p, [&](How how) {
    const auto plain = c.run(how, c.contiguous_src(false));
    how.prepared = true;
    CHECK(c.run(how, c.contiguous_src(true)) == plain);
    for (const int threads : {2, 5}) {
      how.threads = threads, how.prepared = threads == 2;
      CHECK(c.run(how, c.scattered_src(random)) == plain);
    }
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
    if (seed % 2 == 0) check_formula(any_depthwise(random), random);
    check_formula(any_separable(random), random);
    if (seed % 4 == 0) check_formula(any_of_bytes(random), random);
  }
}

TEST_CASE("large problems agree with the formula") {
  const LevelKept kept;
  Random random(5);
  for (const Problem& p : large_problems()) {
    CAPTURE(p.IC);
    check_formula(p, random);
  }
}

TEST_CASE("the same bits whatever the strides, the threads and the weights' form") {
  const LevelKept kept;
  for (std::uint64_t seed = 1000; seed < 1060; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    check_bits(any_problem(random), random);
    if (seed % 4 == 0) check_bits(any_depthwise(random), random);
    check_bits(any_separable(random), random);
    if (seed % 4 == 0) check_bits(any_of_bytes(random), random);
  }
  Random random(6);
  for (const Problem& p : large_problems()) {
    CAPTURE(p.IC);
    check_bits(p, random);
  }
}

TEST_CASE("a window that reaches beyond memory: the right result, or no memory for it") {
  const LevelKept kept;
  Random random(7);
  const auto reaching = [&](const Window& w, std::int64_t G = 1, Form form = Form::general) {
    CAPTURE(w.dilation);
    CAPTURE(w.stride);
    CAPTURE(G);
    Problem p = image(G == 1 ? 9 : 16, 16, axis_of(5, {3, 1, 1, 1, 1}), axis_of(7, w));
    p.G = G;
    p.form = form;
    if (form != Form::general) p.IC = p.OC = 1;
    Case c(p);
    c.fill([&](Type type) { return small_number(type, random); });
    Tensor formula = naive::convolve(c.p, c.src, c.weights, c.bias);
    const std::vector<std::byte> expected = naive::dense(c.p.dst_type, formula);
    for_each_room(c.p, [&](How how) {
      how.threads = 4;
      CHECK(how.room.cost(c.p) > 0);
      const Algorithm algorithm = how.room.algorithm();
      const bool copies =
          (G > 1 && (algorithm == Algorithm::gemm || algorithm == Algorithm::filter2d)) ||
          (form != Form::general && algorithm != Algorithm::direct);
      if (!copies) CHECK(c.run(how, c.contiguous_src(true)) == expected);
      constexpr std::int64_t kAbsurd = std::int64_t{1} << 40;
      const std::int64_t bytes = how.room.workspace(c.p, how.threads);
      CHECK(bytes > 0);
      if (bytes < kAbsurd)
        CHECK(c.run(how, c.contiguous_src(false)) == expected);
      else
        CHECK_THROWS_AS(c.run(how, c.contiguous_src(false)), std::bad_alloc);
    });
  };
  constexpr std::int64_t kFar = std::int64_t{1} << 40, kFarthest = std::int64_t{1} << 61;
  reaching({3, 1, kFar, kFar, kFar});
  reaching({3, 1, kFarthest, kFarthest, kFarthest});
  reaching({1, kFar, 1, kFar, kFar});
  reaching({3, 1, kFar, kFar, kFar}, 16);
  reaching({3, 1, kFarthest, kFarthest, kFarthest}, 16);
  for (const Form form : {Form::separable, Form::constant}) {
    reaching({3, 1, kFar, kFar, kFar}, 1, form);
    reaching({9, 1, kFar, 4 * kFar, 4 * kFar}, 1, form);
    reaching({9, 1, kFarthest / 8, kFarthest / 2, kFarthest / 2}, 1, form);
  }
}

TEST_CASE("depthwise takes a filter for each channel where these fill a vector") {
  const LevelKept kept;
  for_each_level([](Level level) {
    REQUIRE(choose_level(name_of(level)));
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      Random random(seed);
      Problem p = any_depthwise(random);
      if (p.G == 1 || is_complex(p.sum_type)) continue;
      p.G = p.IC = p.OC = 16;
      CHECK(depthwise_room().refusal(p) == nullptr);
      p.axis[0].window.kernel = 300;
      CHECK(depthwise_room().refusal(p) != nullptr);
      p.axis[0].window.kernel = 1, p.OC = 32;
      CHECK(depthwise_room().refusal(p) != nullptr);
      p.G = p.IC = p.OC = 1;
      if (std::string(name_of(level)) != "scalar") CHECK(depthwise_room().refusal(p) != nullptr);
    }
  });
}

TEST_CASE("rooms have numbers for an empty batch and for no output channels") {
  const LevelKept kept;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Problem p = any_problem(random);
    (seed % 2 == 0 ? p.N : p.OC) = 0;
    for_each_room(p, [&](const How& how) {
      REQUIRE(choose_level(name_of(how.level)));
      CHECK(how.room.cost(p) >= 0);
      CHECK(how.room.items(p) >= 0);
      CHECK(how.room.workspace(p, 2) >= 0);
      CHECK(how.room.prepared_bytes(p) >= 0);
      CHECK(!how.room.tiles(p).empty());
    });
  }
}

TEST_CASE("direct takes every problem, gemm those of real sums with at least one channel") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Problem p = any_problem(random);
    CHECK(direct_room().refusal(p) == nullptr);
    CHECK((gemm_room().refusal(p) == nullptr) == (!is_complex(p.sum_type) && p.IC > 0));
  }
}

}  // namespace
}  // namespace cconv
