// The gemm room's kernels of every level: the same bits as the loops of kernel.h's formulas, and no
// access outside the buffers.
#include <algorithm>
#include <memory>
#include <vector>

#include "algorithms/gemm/kernel.h"
#include "cases.h"
#include "guarded.h"
#include "numbers.h"

namespace cconv::gemm {
namespace {

const KernelsOf<float>& kernels_of(const Kernels& k, float) { return k.float32; }
const KernelsOf<double>& kernels_of(const Kernels& k, double) { return k.float64; }
const KernelsOf<std::uint32_t>& kernels_of(const Kernels& k, std::uint32_t) { return k.uint32; }
const KernelsOf<std::uint64_t>& kernels_of(const Kernels& k, std::uint64_t) { return k.uint64; }

template <class T>
constexpr std::int64_t kSize = sizeof(T);

struct Shape {
  std::int64_t positions, vectors, taps, channels;
  std::int64_t skip = 0;   // channels
  std::int64_t pitch = 0;  // addresses between those of a tap and those of the next
  std::int64_t gap = 0;    // bytes between rows of sums
  bool first = false;
  bool half = false;
};

// Buffers for blocks of up to these sizes, each ending at a guard page.  Pixels and sums stand at
// odd addresses in every other use.
template <class T>
class Bench {
 public:
  Bench(Level level, const Shape& most)
      : level_(level),
        kernels_(kernels_of(kernels(level), T{})),
        table_(static_cast<std::size_t>(most.taps * (most.positions + most.pitch)) * sizeof(void*)),
        weights_(bytes_of(most.taps * most.channels * most.vectors * kernels_.lanes)),
        bias_(bytes_of(most.vectors * kernels_.lanes)),
        sums_(bytes_of(most.positions * most.vectors * kernels_.lanes) +
              static_cast<std::size_t>(most.positions * most.gap + 1)) {
    for (auto& pixel : pixels_)
      pixel = std::make_unique<Guarded>(bytes_of(most.skip + most.channels) + 1);
  }

  // The kernel's sums agree with the formula's, and nothing else was written.
  bool agrees(const Shape& s, Random& random) {
    fill(s, random);
    bounds_ = any_bounds<T>(random);
    const std::int64_t width = s.vectors * kernels_.lanes;
    const std::int64_t summed = width - (s.half ? kernels_.lanes / 2 : 0);
    std::vector<T> expected;
    for (std::int64_t p = 0; p < s.positions; ++p)
      for (std::int64_t o = 0; o < width; ++o)
        expected.push_back(o < summed ? formula(s, p, o)
                                      : number_at<T>(sum_data_ + p * sums_pitch(s), o));

    Block<T> block{};
    block.pixels = table_data_;
    block.pitch = s.positions + s.pitch;
    block.positions = s.positions;
    block.taps = s.taps;
    block.skip = s.skip * kSize<T>;
    block.channels = s.channels;
    block.weights = weight_data_;
    block.vectors = s.vectors;
    block.half = s.half;
    block.bias = s.first ? bias_data_ : nullptr;
    block.sums = sum_data_;
    block.sums_pitch = sums_pitch(s);
    block.bounds = bounds_;
    kernels_.multiply(block);
    bool right = sums_.rest_is_untouched();
    for (std::int64_t p = 0; p < s.positions; ++p) {
      const std::byte* const row = sum_data_ + p * sums_pitch(s);
      for (std::int64_t o = 0; o < width; ++o)
        right &= same(number_at<T>(row, o), expected[static_cast<std::size_t>(p * width + o)]);
      if (p + 1 < s.positions)
        right &= Guarded::all_canaries(row + width * kSize<T>, row + sums_pitch(s));
    }
    return right;
  }

 private:
  static std::size_t bytes_of(std::int64_t numbers) {
    return static_cast<std::size_t>(numbers) * sizeof(T);
  }
  std::int64_t sums_pitch(const Shape& s) const {
    return s.vectors * kernels_.lanes * kSize<T> + s.gap;
  }

  void fill(const Shape& s, Random& random) {
    const std::int64_t width = s.vectors * kernels_.lanes;
    const std::size_t odd = static_cast<std::size_t>(random.between(0, 1));
    const std::byte* pixels[kPixels];
    for (std::size_t i = 0; i < kPixels; ++i) {
      std::byte* const pixel = pixels_[i]->last(bytes_of(s.skip + s.channels) + (i + odd) % 2);
      fill_numbers<T>(pixel, s.skip + s.channels, random);
      pixels[i] = pixel;
    }
    const std::int64_t addresses = (s.taps - 1) * (s.positions + s.pitch) + s.positions;
    table_data_ = reinterpret_cast<const std::byte**>(
        table_.last(static_cast<std::size_t>(addresses) * sizeof(void*)));
    for (std::int64_t i = 0; i < addresses; ++i) {
      const bool gap = i % (s.positions + s.pitch) >= s.positions;
      table_data_[i] = gap ? nullptr : pixels[random.between(0, kPixels - 1)];
    }

    weight_data_ = weights_.last(bytes_of(s.taps * s.channels * width));
    fill_numbers<T>(weight_data_, s.taps * s.channels * width, random);
    bias_data_ = bias_.last(bytes_of(width));
    fill_numbers<T>(bias_data_, width, random);
    const std::int64_t sum_bytes = (s.positions - 1) * sums_pitch(s) + width * kSize<T>;
    sum_data_ = sums_.last(static_cast<std::size_t>(sum_bytes) + odd);
    for (std::int64_t p = 0; p < s.positions; ++p)
      fill_numbers<T>(sum_data_ + p * sums_pitch(s), width, random);
  }

  T formula(const Shape& s, std::int64_t p, std::int64_t o) const {
    const std::int64_t width = s.vectors * kernels_.lanes;
    T sum = 0;
    for (std::int64_t t = 0; t < s.taps; ++t)
      for (std::int64_t c = 0; c < s.channels; ++c)
        sum = multiply_add(level_,
                           number_at<T>(table_data_[t * (s.positions + s.pitch) + p], s.skip + c),
                           number_at<T>(weight_data_, (t * s.channels + c) * width + o), sum);
    const std::byte* const before = s.first ? bias_data_ : sum_data_ + p * sums_pitch(s);
    return bounded(static_cast<T>(number_at<T>(before, o) + sum), bounds_);
  }

  Level level_;
  const KernelsOf<T>& kernels_;
  static constexpr int kPixels = 5;
  std::unique_ptr<Guarded> pixels_[kPixels];
  Guarded table_, weights_, bias_, sums_;
  const std::byte** table_data_ = nullptr;
  std::byte *weight_data_ = nullptr, *bias_data_ = nullptr, *sum_data_ = nullptr;
  rows::Bounds<T> bounds_;
};

// Two register tiles of any level, and one more.
constexpr std::int64_t kMostPositions = 29;

TEST_CASE_TEMPLATE("multiply: every number of positions and of vectors", T, float, double,
                   std::uint32_t, std::uint64_t) {
  for_each_level([](Level level) {
    const std::int64_t most = kernels(level).most_vectors;
    const std::int64_t most_halved = kernels(level).most_halved;
    Bench<T> bench(level, {kMostPositions, most, 3, 3, 2, 3, 13});
    Random random(1);
    for (std::int64_t positions = 1; positions <= kMostPositions; ++positions)
      for (std::int64_t vectors = 1; vectors <= most; ++vectors)
        for (const bool first : {true, false}) {
          const bool may_be_half = std::is_floating_point_v<T> && vectors <= most_halved;
          const Shape shape{positions,
                            vectors,
                            random.between(1, 3),
                            random.between(1, 3),
                            random.between(0, 2),
                            random.between(0, 3),
                            random.between(0, 1) * random.between(1, 13),
                            first,
                            may_be_half && random.between(0, 1) == 1};
          INFO("positions ", positions, " vectors ", vectors, " taps ", shape.taps, " channels ",
               shape.channels, " skip ", shape.skip, " gap ", shape.gap, " first ", first, " half ",
               shape.half);
          CHECK(bench.agrees(shape, random));
        }
  });
}

TEST_CASE_TEMPLATE("multiply: every number of taps and of channels", T, float, double,
                   std::uint32_t, std::uint64_t) {
  for_each_level([](Level level) {
    constexpr std::int64_t kMostTaps = 11, kMostChannels = 26, kFew = 3;
    const std::int64_t vectors = kernels(level).most_vectors;
    Bench<T> bench(level, {kFew, vectors, kMostTaps, kMostChannels, 2, 1, 0});
    Random random(2);
    for (std::int64_t taps = 1; taps <= kMostTaps; ++taps)
      for (std::int64_t channels = 1; channels <= kMostChannels; ++channels) {
        INFO("taps ", taps, " channels ", channels);
        CHECK(bench.agrees({random.between(1, kFew), random.between(1, vectors), taps, channels,
                            random.between(0, 2), random.between(0, 1), 0, taps % 3 == 0},
                           random));
      }
  });
}

TEST_CASE_TEMPLATE("multiply: a NaN reaches its own position only", T, float, double) {
  for_each_level([](Level level) {
    const auto& k = kernels_of(kernels(level), T{});
    const T one = 1, nan = static_cast<T>(std::nan(""));
    for (std::int64_t hit = 0; hit < kMostPositions; ++hit) {
      std::vector<const std::byte*> table(kMostPositions, reinterpret_cast<const std::byte*>(&one));
      table[static_cast<std::size_t>(hit)] = reinterpret_cast<const std::byte*>(&nan);
      const std::vector<T> weights(static_cast<std::size_t>(k.lanes), T(2));
      std::vector<T> sums(static_cast<std::size_t>(kMostPositions * k.lanes), T(3));
      k.multiply({table.data(), kMostPositions, kMostPositions, 1, 0, 1,
                  reinterpret_cast<const std::byte*>(weights.data()), 1, nullptr,
                  reinterpret_cast<std::byte*>(sums.data()), k.lanes * kSize<T>});
      bool local = true;
      for (std::int64_t i = 0; i < std::ssize(sums); ++i)
        local &= same(sums[static_cast<std::size_t>(i)], i / k.lanes == hit ? nan : T(5));
      CHECK(local);
    }
  });
}

struct Pack {
  std::int64_t channels, taps, channels_in;
  std::int64_t gap;  // elements between rows of packed weights
};

// Weights and packed weights end at guard pages; rows of weights stand at odd distances where there
// is an odd number of terms.
template <class T>
bool packs(const KernelsOf<T>& k, const Pack& s, Guarded& from, Guarded& to, Random& random) {
  const std::int64_t terms = s.taps * s.channels_in, pitch = k.lanes + s.gap;
  const std::int64_t stride = terms * kSize<T> + terms % 2;
  std::byte* const weights =
      from.last(static_cast<std::size_t>((s.channels - 1) * stride + terms * kSize<T>));
  for (std::int64_t o = 0; o < s.channels; ++o)
    fill_numbers<T>(weights + o * stride, terms, random);
  std::byte* const packed =
      to.last(static_cast<std::size_t>((terms - 1) * pitch + k.lanes) * sizeof(T));
  k.pack({weights, stride, s.channels, s.taps, terms, packed, pitch * kSize<T>});

  bool right = to.rest_is_untouched();
  for (std::int64_t t = 0; t < s.taps; ++t)
    for (std::int64_t c = 0; c < s.channels_in; ++c) {
      const std::int64_t row = t * s.channels_in + c;
      for (std::int64_t o = 0; o < k.lanes; ++o) {
        const T weight = o < s.channels ? number_at<T>(weights + o * stride, c * s.taps + t) : T(0);
        right &= same(number_at<T>(packed, row * pitch + o), weight);
      }
      const std::byte* const gap = packed + (row * pitch + k.lanes) * kSize<T>;
      if (row + 1 < terms) right &= Guarded::all_canaries(gap, gap + s.gap * kSize<T>);
    }
  return right;
}

TEST_CASE_TEMPLATE("pack: every number of channels", T, float, double, std::uint32_t,
                   std::uint64_t) {
  constexpr std::int64_t kMostTaps = 9, kMostChannels = 35, kMostLanes = 16, kMostGap = 48;
  constexpr std::int64_t kMostTerms = kMostTaps * kMostChannels;
  Guarded from(kMostLanes * (kMostTerms + 1) * sizeof(T));
  Guarded to(kMostTerms * (kMostLanes + kMostGap) * sizeof(T));
  for_each_level([&](Level level) {
    const auto& k = kernels_of(kernels(level), T{});
    REQUIRE(k.lanes <= kMostLanes);
    Random random(3);
    for (std::int64_t channels = 1; channels <= k.lanes; ++channels)
      for (const std::int64_t taps : {1, 2, 9})
        for (const std::int64_t channels_in : {1, 2, 3, 7, 8, 17, 35}) {
          const Pack shape{channels, taps, channels_in, random.between(0, 3) * k.lanes};
          INFO("channels ", channels, " taps ", taps, " channels_in ", channels_in, " gap ",
               shape.gap);
          CHECK(packs(k, shape, from, to, random));
        }
  });
}

}  // namespace
}  // namespace cconv::gemm
