// The padding room against an element-by-element copy, in any memory layout, with the arrays next
// to guard pages.
#include <algorithm>
#include <vector>

#include "algorithms/padding/room.h"
#include "cases.h"
#include "guarded.h"
#include "naive.h"

namespace cconv {
namespace {

PadProblem any_problem(Random& random) {
  PadProblem p;
  constexpr std::int64_t kItems[] = {1, 2, 3, 4, 6, 8, 12, 16, 40};
  p.item = kItems[random.between(0, 8)];
  p.border = static_cast<Border>(random.between(0, 4));
  p.ndim = static_cast<int>(random.between(0, 5));
  const std::int64_t most = p.ndim <= 2 && random.between(0, 9) == 0 ? 300 : 6;
  for (int a = 0; a < p.ndim; ++a) {
    PadAxis& axis = p.axis[a];
    axis.in = random.between(1, random.between(0, 2) ? 6 : most);
    if (random.between(0, 1)) axis.before = random.between(0, 9), axis.after = random.between(0, 9);
  }
  return p;
}

// Strides of any order of the axes, with gaps and backwards; the offset of the first element and
// all bytes.
std::pair<std::int64_t, std::int64_t> scatter(PadProblem& p, Random& random) {
  const bool shuffled = random.between(0, 1) != 0;
  std::vector<int> order;
  for (int a = p.ndim - 1; a >= 0; --a) order.push_back(a);
  for (int i = p.ndim - 1; i > 0 && shuffled; --i) std::swap(order[i], order[random.between(0, i)]);
  std::int64_t reach = p.item, origin = 0, bytes = p.item;
  for (const int a : order) {
    if (shuffled && random.between(0, 3) == 0) reach += random.between(1, 5);
    const bool backwards = random.between(0, 4) == 0;
    p.axis[a].stride = backwards ? -reach : reach;
    if (backwards) origin += (p.axis[a].in - 1) * reach;
    bytes += (p.axis[a].in - 1) * reach;
    reach *= p.axis[a].in;
  }
  return {origin, bytes};
}

// Calls f(index of each axis) for every element of the result, in C order.
template <class F>
void each_element(const PadProblem& p, F f) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(p.ndim));
  std::int64_t count = 1;
  for (int a = 0; a < p.ndim; ++a) count *= p.axis[a].out();
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i;
    for (int a = p.ndim - 1; a >= 0; --a) {
      index[static_cast<std::size_t>(a)] = rest % p.axis[a].out();
      rest /= p.axis[a].out();
    }
    f(index);
  }
}

// Where the element comes from: the input, or the value of the last axis whose border it lies in.
const std::byte* source(const PadProblem& p, const std::vector<std::int64_t>& index) {
  const std::byte* from = p.src;
  const std::byte* value = nullptr;
  bool constant = false;
  for (int a = 0; a < p.ndim; ++a) {
    const PadAxis& axis = p.axis[a];
    const std::int64_t i = index[static_cast<std::size_t>(a)] - axis.before;
    const std::int64_t at = naive::folded(p.border, i, axis.in);
    if (at < 0) constant = true, value = axis.value[i >= 0];
    from += std::max<std::int64_t>(at, 0) * axis.stride;
  }
  static constexpr std::byte kZeros[64] = {};
  return !constant ? from : value != nullptr ? value : kZeros;
}

void check(std::uint64_t seed) {
  Random random(seed);
  PadProblem p = any_problem(random);
  const auto [origin, bytes] = scatter(p, random);
  Guarded src(static_cast<std::size_t>(bytes));
  std::byte* const data = random.between(0, 1) ? src.last(static_cast<std::size_t>(bytes))
                                               : src.first(static_cast<std::size_t>(bytes));
  std::generate_n(data, bytes, [&] { return static_cast<std::byte>(random.bits()); });
  p.src = data + origin;

  std::vector<std::byte> values(static_cast<std::size_t>(2 * p.ndim * p.item));
  std::generate(values.begin(), values.end(),
                [&] { return static_cast<std::byte>(random.bits()); });
  const bool zeros = random.between(0, 2) == 0;
  std::vector<std::byte> expected;
  for (int a = 0; a < p.ndim && !zeros; ++a)
    for (int side : {0, 1}) p.axis[a].value[side] = values.data() + (2 * a + side) * p.item;
  each_element(p, [&](const std::vector<std::int64_t>& index) {
    const std::byte* const from = source(p, index);
    expected.insert(expected.end(), from, from + p.item);
  });

  Guarded dst(expected.size());
  p.dst = random.between(0, 1) ? dst.last(expected.size()) : dst.first(expected.size());
  Stop stop;
  padding::run(p, static_cast<int>(random.between(1, 4)), stop);
  CHECK(std::equal(expected.begin(), expected.end(), p.dst));
  CHECK(dst.rest_is_untouched());
}

TEST_CASE("random paddings agree with a copy element by element") {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    check(seed);
  }
}

}  // namespace
}  // namespace cconv
