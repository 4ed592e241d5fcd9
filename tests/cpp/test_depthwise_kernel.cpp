// The depthwise room's kernels of every level: the same bits as the loop of kernel.h's formula, and
// no access outside the buffers.
#include <algorithm>
#include <vector>

#include "algorithms/depthwise/kernel.h"
#include "cases.h"
#include "guarded.h"
#include "numbers.h"

namespace cconv::depthwise {
namespace {

auto filter_of(const Kernels& k, float) { return k.filter_float32; }
auto filter_of(const Kernels& k, double) { return k.filter_float64; }
auto filter_of(const Kernels& k, std::uint32_t) { return k.filter_uint32; }
auto filter_of(const Kernels& k, std::uint64_t) { return k.filter_uint64; }

template <class T>
std::int64_t lanes_of(Level level) {
  return sizeof(T) == 4 ? kernels(level).lanes_float32 : kernels(level).lanes_float64;
}

struct Shape {
  std::int64_t positions, taps, channels;
  std::int64_t pitch, gap;  // addresses between rows of the table, bytes between rows of sums
  std::int64_t row_taps = 0, stride = 1, row = 0;
};

// Pixels under several taps of a row are those of the first such tap.
template <class T>
void share_pixels(const Block<T>& block, std::vector<const std::byte*>& table) {
  for (std::int64_t t = block.taps - 1; t >= 0; --t)
    for (std::int64_t p = 0; p + 1 < block.positions; ++p) {
      const bool row_ends = (block.column + p + 1) % block.row == 0;
      if (row_ends || t % block.row_taps < block.stride) continue;
      table[static_cast<std::size_t>((t - block.stride) * block.pitch + p + 1)] =
          table[static_cast<std::size_t>(t * block.pitch + p)];
    }
}

// The kernel's sums agree with the formula's, and nothing else is read or written.
template <class T>
bool agrees(Level level, const Shape& s, Random& random) {
  constexpr std::int64_t kSize = sizeof(T);
  const std::int64_t row = s.channels * kSize;
  const auto odd = static_cast<std::size_t>(random.between(0, 1));
  const auto bytes = [&](std::int64_t rows) { return static_cast<std::size_t>(rows * row); };

  Guarded pixel_memory[3] = {Guarded(bytes(1) + 1), Guarded(bytes(1) + 1), Guarded(bytes(1) + 1)};
  const std::byte* pixels[3];
  for (std::size_t i = 0; i < 3; ++i) {
    std::byte* const pixel = pixel_memory[i].last(bytes(1) + (i + odd) % 2);
    fill_numbers<T>(pixel, s.channels, random);
    pixels[i] = pixel;
  }
  std::vector<const std::byte*> table(
      static_cast<std::size_t>((s.taps - 1) * (s.positions + s.pitch) + s.positions));
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto column = static_cast<std::int64_t>(i) % (s.positions + s.pitch);
    table[i] = column < s.positions ? pixels[random.between(0, 2)] : nullptr;
  }
  Guarded weight_memory(bytes(s.taps + 1));
  std::byte* const weights = weight_memory.last(bytes(s.taps + 1));
  fill_numbers<T>(weights, (s.taps + 1) * s.channels, random);
  const auto sum_bytes = static_cast<std::size_t>((s.positions - 1) * (row + s.gap) + row);
  Guarded sum_memory(sum_bytes + 1);
  std::byte* const sums = sum_memory.last(sum_bytes + odd);

  // Positions as a row of their own, or across rows in which neighbours share pixels.
  Block<T> block{table.data(),
                 s.positions + s.pitch,
                 s.positions,
                 s.positions,
                 0,
                 s.taps,
                 0,
                 1,
                 s.channels,
                 weights,
                 sums,
                 row + s.gap,
                 any_bounds<T>(random)};
  if (s.row_taps > 0) {
    block.row = s.row;
    block.column = random.between(0, static_cast<int>(s.row) - 1);
    block.row_taps = s.row_taps;
    block.stride = s.stride;
    share_pixels(block, table);
  }
  filter_of(kernels(level), T{})(block);

  bool right = sum_memory.rest_is_untouched();
  for (std::int64_t p = 0; p < s.positions; ++p) {
    const std::byte* const got = sums + p * (row + s.gap);
    for (std::int64_t c = 0; c < s.channels; ++c) {
      T sum = 0;
      for (std::int64_t t = 0; t < s.taps; ++t)
        sum = multiply_add(
            level,
            number_at<T>(table[static_cast<std::size_t>(t * (s.positions + s.pitch) + p)], c),
            number_at<T>(weights, (t + 1) * s.channels + c), sum);
      sum = bounded(static_cast<T>(number_at<T>(weights, c) + sum), block.bounds);
      right &= same(number_at<T>(got, c), sum);
    }
    if (p + 1 < s.positions) right &= Guarded::all_canaries(got + row, got + row + s.gap);
  }
  return right;
}

TEST_CASE_TEMPLATE("filter: every number of positions and of channels", T, float, double,
                   std::uint32_t, std::uint64_t) {
  for_each_level([](Level level) {
    Random random(1);
    const std::int64_t lanes = lanes_of<T>(level);
    for (std::int64_t positions = 1; positions <= 14; ++positions)
      for (std::int64_t channels = lanes; channels <= 5 * lanes; ++channels) {
        CAPTURE(positions);
        CAPTURE(channels);
        CHECK(agrees<T>(level, {positions, 3, channels, positions % 3, positions % 2 * 5}, random));
      }
  });
}

TEST_CASE_TEMPLATE("filter: every number of taps", T, float, double, std::uint32_t, std::uint64_t) {
  for_each_level([](Level level) {
    Random random(2);
    for (const std::int64_t taps : {1, 2, 4, 9, 25, 49, 256})
      CHECK(agrees<T>(level, {7, taps, 2 * lanes_of<T>(level) + 1, 0, 0}, random));
  });
}

TEST_CASE_TEMPLATE("filter: neighbours share pixels", T, float, double, std::uint32_t) {
  for_each_level([](Level level) {
    Random random(3);
    const std::int64_t channels = 2 * lanes_of<T>(level) + 1;
    for (const std::int64_t taps : {1, 2, 3, 5, 7, 9})
      for (const std::int64_t stride : {1, 2, 3})
        for (std::int64_t row = 1; row <= 21; ++row) {
          CAPTURE(taps);
          CAPTURE(stride);
          CAPTURE(row);
          CHECK(agrees<T>(level, {row + 9, 2 * taps, channels, 1, 5, taps, stride, row}, random));
        }
  });
}

}  // namespace
}  // namespace cconv::depthwise
