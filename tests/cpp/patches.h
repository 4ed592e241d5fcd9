// Patches of every layout, for the tests of loads and stores.
#pragma once

#include <algorithm>
#include <vector>

#include "algorithms/rows/kernel.h"
#include "cases.h"
#include "elements.h"
#include "guarded.h"

namespace cconv::rows {

// Where the elements of a patch lie: element (r, i) at origin + r * row_step + i * step.
struct Layout {
  std::int64_t rows, count, row_step, step, size;

  std::int64_t low() const {
    return std::min<std::int64_t>(0, (rows - 1) * row_step) +
           std::min<std::int64_t>(0, (count - 1) * step);
  }
  // From the first byte to the last; 0 for an empty patch.
  std::size_t bytes() const {
    if (rows == 0 || count == 0) return 0;
    const std::int64_t high = std::max<std::int64_t>(0, (rows - 1) * row_step) +
                              std::max<std::int64_t>(0, (count - 1) * step);
    return static_cast<std::size_t>(high - low() + size);
  }
  template <class Byte>
  Patch<Byte> patch(Byte* first_byte) const {
    return {bytes() == 0 ? first_byte : first_byte - low(), row_step, step, rows, count};
  }
};

// Calls f(layout) for patches whose rows or whose elements are the neighbours in memory, in both
// directions, with gaps and at odd distances.
template <class F>
void for_each_layout(std::int64_t size, std::int64_t rows, std::int64_t count, F f) {
  const std::int64_t steps[][2] = {
      {count * size, size},
      {-count * size, size},
      {count * size + 1, size},
      {count * size, -size},
      {3 * count * size, 3 * size},
      {count * (size + 1), size + 1},
      {size, rows * size},
      {-size, rows * size},
      {size, -rows * size},
      {size + 1, rows * (size + 1)},
      {2 * size, 2 * rows * size + 1},
  };
  for (const auto& [row_step, step] : steps) {
    INFO("rows ", rows, " count ", count, " row_step ", row_step, " step ", step);
    f(Layout{rows, count, row_step, step, size});
  }
}

// Of many sizes: around a block and a vector, and longer than a tile.
constexpr std::int64_t kLong = 67, kShort = 18;
template <class F>
void for_each_layout(std::int64_t size, F f) {
  for (const std::int64_t rows : {0, 1, 2, 15, 16, 17, 33})
    for (const std::int64_t count : {0, 1, 2, 3, 7, 16, 17, 31, 33})
      for_each_layout(size, rows, count, f);
  for_each_layout(size, kLong, kShort, f);
  for_each_layout(size, kShort, kLong, f);
}

// Patches whose rows are the neighbours in memory, of every size up to two vectors of any level and
// one more element.
template <class F>
void for_each_transposed(std::int64_t size, F f) {
  const std::int64_t most = 2 * 64 / size + 1;
  for (std::int64_t rows = 1; rows <= most; ++rows)
    for (std::int64_t count = 1; count <= most; ++count)
      for (const std::int64_t step : {rows * size, rows * size + 3, -rows * size}) {
        INFO("rows ", rows, " count ", count, " step ", step);
        f(Layout{rows, count, size, step, size});
      }
}

// The most bytes of a patch of for_each_layout, and of its elements as sums, gaps included.
constexpr std::size_t kMostBytes = kLong * kShort * 3 * 16 + kLong;
constexpr std::size_t kMostSumBytes = kLong * (kShort + 2) * 16;
constexpr std::size_t kMostTransposed = 33 * 36 * 4;  // of one of for_each_transposed, or its sums

constexpr std::int64_t kShortRow = 5;  // shorter than any vector

constexpr Type kSumTypes[] = {Type::float32, Type::float64,   Type::int32,
                              Type::int64,   Type::complex64, Type::complex128};

template <class T>
T element_at(const Patch<const std::byte>& patch, std::int64_t r, std::int64_t i) {
  T value;
  std::memcpy(&value, patch.data + r * patch.row_step + i * patch.step, sizeof(T));
  return value;
}

}  // namespace cconv::rows
