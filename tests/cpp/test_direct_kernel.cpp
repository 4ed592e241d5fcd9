// The direct room's kernels of every level: the same bits as the loop of kernel.h's formula, and no
// access outside the buffers.
#include <algorithm>
#include <memory>
#include <vector>

#include "algorithms/direct/kernel.h"
#include "cases.h"
#include "guarded.h"
#include "numbers.h"

namespace cconv::direct {
namespace {

void (*accumulate_of(const Kernels& k, float))(const Block<float>&) { return k.accumulate_float32; }
void (*accumulate_of(const Kernels& k, double))(const Block<double>&) {
  return k.accumulate_float64;
}
void (*accumulate_of(const Kernels& k, std::uint32_t))(const Block<std::uint32_t>&) {
  return k.accumulate_uint32;
}
void (*accumulate_of(const Kernels& k, std::uint64_t))(const Block<std::uint64_t>&) {
  return k.accumulate_uint64;
}

template <class T>
std::int64_t lanes_of(Level level) {
  return sizeof(T) == 4 ? kernels(level).lanes_float32 : kernels(level).lanes_float64;
}

struct Shape {
  std::int64_t channels, positions, terms;
  bool first;
};

// Buffers for blocks of up to these sizes.  Every row, the weights and the sums end at a guard
// page; rows and weights stand at odd addresses in every other use.
template <class T>
class Bench {
 public:
  explicit Bench(Level level, const Shape& most)
      : level_(level),
        weights_(static_cast<std::size_t>(most.channels * (most.terms + 1)) * sizeof(T)),
        sums_(static_cast<std::size_t>(most.channels * most.positions) * sizeof(T)) {
    const std::size_t row_bytes = static_cast<std::size_t>(most.positions) * sizeof(T) + 1;
    for (auto& row : rows_) row = std::make_unique<Guarded>(row_bytes);
  }

  // The kernel's sums agree with the formula's, and nothing else was written.
  bool agrees(const Shape& s, Random& random) {
    fill(s, random);
    bounds_ = any_bounds<T>(random);
    std::vector<T> expected(before_);
    for (std::int64_t o = 0; o < s.channels; ++o)
      for (std::int64_t p = 0; p < s.positions; ++p) expected[at(s, o, p)] = formula(s, o, p);

    accumulate_of(kernels(level_),
                  T{})({pointers_.data(), s.terms, weight_data_, stride_, s.channels, sum_data_,
                        s.positions, s.positions, s.first, bias_.data(), bias_step_, bounds_});
    const auto agree = [](T a, T b) { return same(a, b); };
    return std::equal(expected.begin(), expected.end(), sum_data_, agree) &&
           sums_.rest_is_untouched();
  }

 private:
  static std::size_t at(const Shape& s, std::int64_t o, std::int64_t p) {
    return static_cast<std::size_t>(o * s.positions + p);
  }

  void fill(const Shape& s, Random& random) {
    const std::int64_t row_bytes = s.positions * static_cast<std::int64_t>(sizeof(T));
    for (std::size_t i = 0; i < std::size(rows_); ++i) {
      const std::size_t odd = i % 2;
      row_data_[i] = rows_[i]->last(static_cast<std::size_t>(row_bytes) + odd);
      fill_numbers<T>(row_data_[i], s.positions, random);
    }
    pointers_.resize(static_cast<std::size_t>(s.terms));
    for (std::size_t k = 0; k < pointers_.size(); ++k)
      pointers_[k] = row_data_[k % std::size(rows_)];

    // One bias for all channels, or one for each.
    bias_step_ = s.terms % 2 * static_cast<std::int64_t>(sizeof(T));
    bias_.resize(static_cast<std::size_t>(s.channels + 1) * sizeof(T));
    fill_numbers<T>(bias_.data(), s.channels + 1, random);

    stride_ = s.terms * static_cast<std::int64_t>(sizeof(T)) + s.terms % 2;
    const std::int64_t last_end =
        (s.channels - 1) * stride_ + s.terms * static_cast<std::int64_t>(sizeof(T));
    weight_data_ = weights_.last(static_cast<std::size_t>(std::max<std::int64_t>(last_end, 0)));
    for (std::int64_t o = 0; o < s.channels; ++o)
      fill_numbers<T>(weight_data_ + o * stride_, s.terms, random);

    const auto count = static_cast<std::size_t>(s.channels * s.positions);
    auto* const sums = sums_.last(count * sizeof(T));
    fill_numbers<T>(sums, s.channels * s.positions, random);
    sum_data_ = reinterpret_cast<T*>(sums);
    before_.assign(sum_data_, sum_data_ + count);
  }

  T formula(const Shape& s, std::int64_t o, std::int64_t p) const {
    T sum = 0;
    for (std::int64_t k = 0; k < s.terms; ++k)
      sum = multiply_add(level_, number_at<T>(weight_data_ + o * stride_, k),
                         number_at<T>(pointers_[static_cast<std::size_t>(k)], p), sum);
    const T bias = number_at<T>(bias_.data() + o * bias_step_, 0);
    return bounded(static_cast<T>((s.first ? bias : before_[at(s, o, p)]) + sum), bounds_);
  }

  Level level_;
  std::unique_ptr<Guarded> rows_[6];
  std::byte* row_data_[6];
  Guarded weights_, sums_;
  std::vector<const std::byte*> pointers_;
  std::byte* weight_data_ = nullptr;
  std::int64_t stride_ = 0, bias_step_ = 0;
  std::vector<std::byte> bias_;
  T* sum_data_ = nullptr;
  std::vector<T> before_;
  rows::Bounds<T> bounds_;
};

// Two register tiles of any level, and one more.
constexpr std::int64_t kMostChannels = 17, kMostVectors = 17, kMostTerms = 300;

TEST_CASE_TEMPLATE("accumulate: every number of channels and of vectors", T, float, double,
                   std::uint32_t, std::uint64_t) {
  for_each_level([](Level level) {
    const std::int64_t lanes = lanes_of<T>(level);
    Bench<T> bench(level, {kMostChannels, kMostVectors * lanes, 3, true});
    Random random(1);
    for (std::int64_t channels = 0; channels <= kMostChannels; ++channels)
      for (std::int64_t vectors = 0; vectors <= kMostVectors; ++vectors)
        for (const std::int64_t terms : {1, 2, 3})
          for (const bool first : {true, false}) {
            INFO("channels ", channels, " vectors ", vectors, " terms ", terms, " first ", first);
            CHECK(bench.agrees({channels, vectors * lanes, terms, first}, random));
          }
  });
}

TEST_CASE_TEMPLATE("accumulate: every number of terms", T, float, double, std::uint32_t,
                   std::uint64_t) {
  for_each_level([](Level level) {
    const std::int64_t lanes = lanes_of<T>(level);
    Bench<T> bench(level, {kMostChannels, 5 * lanes, kMostTerms, true});
    Random random(2);
    for (std::int64_t terms = 0; terms <= kMostTerms; ++terms)
      for (const std::int64_t channels : {std::int64_t{1}, 1 + terms % kMostChannels}) {
        INFO("channels ", channels, " terms ", terms);
        CHECK(bench.agrees({channels, (1 + terms % 5) * lanes, terms, terms % 3 == 0}, random));
      }
  });
}

TEST_CASE_TEMPLATE("accumulate: a NaN reaches its own position only", T, float, double) {
  for_each_level([](Level level) {
    const std::int64_t channels = 3, positions = kMostVectors * lanes_of<T>(level), terms = 2;
    std::vector<T> x(static_cast<std::size_t>(positions), T(1)), weights(channels * terms, T(2));
    std::vector<T> sums(static_cast<std::size_t>(channels * positions));
    const auto* const row = reinterpret_cast<const std::byte*>(x.data());
    const T zero = 0;
    const std::byte* const rows[] = {row, row};
    for (std::int64_t hit = 0; hit < positions; ++hit) {
      x[static_cast<std::size_t>(hit)] = std::nan("");
      accumulate_of(kernels(level), T{})(
          {rows, terms, reinterpret_cast<const std::byte*>(weights.data()),
           terms * static_cast<std::int64_t>(sizeof(T)), channels, sums.data(), positions,
           positions, true, reinterpret_cast<const std::byte*>(&zero), 0});
      x[static_cast<std::size_t>(hit)] = T(1);
      bool local = true;
      for (std::int64_t i = 0; i < channels * positions; ++i)
        local &= same(sums[static_cast<std::size_t>(i)],
                      i % positions == hit ? static_cast<T>(std::nan("")) : T(4));
      CHECK(local);
    }
  });
}

}  // namespace
}  // namespace cconv::direct
