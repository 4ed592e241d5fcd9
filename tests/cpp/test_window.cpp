// The arithmetic of one axis, against windows that are placed one by one and counted.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "problem/window.h"

namespace cconv {
namespace {

// Calls f(window, in) for every small window and axis.
template <class F>
void for_each_window(F f) {
  for (std::int64_t kernel = 1; kernel <= 4; ++kernel)
    for (std::int64_t stride = 1; stride <= 4; ++stride)
      for (std::int64_t dilation = 1; dilation <= 3; ++dilation)
        for (std::int64_t before = 0; before <= 4; ++before)
          for (std::int64_t after = 0; after <= 4; ++after)
            for (std::int64_t in = 0; in <= 9; ++in) {
              INFO("kernel ", kernel, " stride ", stride, " dilation ", dilation, " before ",
                   before, " after ", after, " in ", in);
              f(Window{kernel, stride, dilation, before, after}, in);
            }
}

std::int64_t last_tap(const Window& w, std::int64_t start) {
  std::int64_t at = start;
  for (std::int64_t tap = 1; tap < w.kernel; ++tap) at += w.dilation;
  return at;
}

// Windows at coordinates -before, -before + stride, ... whose last tap is inside the padded axis.
std::int64_t count_windows(const Window& w, std::int64_t in) {
  std::int64_t count = 0;
  for (std::int64_t start = -w.before; last_tap(w, start) < in + w.after; start += w.stride)
    ++count;
  return count;
}

TEST_CASE("output_extent counts the windows that fit") {
  for_each_window([](const Window& w, std::int64_t in) {
    CHECK(output_extent(w, in) == count_windows(w, in));
    CHECK(span(w) == last_tap(w, 0) + 1);
    CHECK(padded_extent(w, in) == in + w.before + w.after);
  });
}

TEST_CASE("output_extent with ceil_mode lets one window hang over, by less than a stride") {
  for_each_window([](const Window& w, std::int64_t in) {
    if (w.after >= span(w)) return;
    std::int64_t expected = count_windows(w, in);
    const std::int64_t next = -w.before + expected * w.stride;
    const std::int64_t hangs = last_tap(w, next) + 1 - (in + w.after);
    if (hangs > 0 && hangs < w.stride && next < in) ++expected;
    if (in + w.before == 0) expected = 0;
    CHECK(output_extent(w, in, true) == expected);
  });
}

TEST_CASE("transposed_extent is the reach of all windows, less the padding") {
  for_each_window([](const Window& w, std::int64_t in) {
    for (std::int64_t extra : {0, 1, 2}) {
      std::int64_t reach = in < 1 ? 0 : extra - w.before - w.after;
      if (in >= 1) reach += last_tap(w, (in - 1) * w.stride) + 1;
      CHECK(transposed_extent(w, in, extra) == (reach > 0 ? reach : 0));
    }
  });
}

TEST_CASE("pad_same is the least padding that gives ceil(in / stride) windows") {
  for_each_window([](Window w, std::int64_t in) {
    std::int64_t wanted = 0;
    for (std::int64_t start = 0; start < in; start += w.stride) ++wanted;
    w.before = w.after = 0;
    std::int64_t total = 0;
    for (; count_windows(w, in + total) < wanted; ++total) continue;

    Window same = w;
    pad_same(same, in, false);
    CHECK(same.before + same.after == total);
    CHECK((same.after - same.before == 0 || same.after - same.before == 1));
    Window lower = w;
    pad_same(lower, in, true);
    CHECK(lower.before == same.after);
    CHECK(lower.after == same.before);
  });
}

TEST_CASE("pad_full lets every element meet every tap") {
  for_each_window([](Window w, std::int64_t in) {
    if (in == 0) return;
    pad_full(w);
    w.stride = 1;
    const std::int64_t out = output_extent(w, in);
    for (std::int64_t i = 0; i < in; ++i)
      for (std::int64_t tap = 0; tap < w.kernel; ++tap) {
        std::int64_t meetings = 0;
        for (std::int64_t o = 0; o < out; ++o) meetings += input_index(w, o, tap) == i;
        CHECK(meetings == 1);
      }
    CHECK(out == in + span(w) - 1);
  });
}

TEST_CASE("a tap sees what its phase does, some outputs further on") {
  for_each_window([](const Window& w, std::int64_t) {
    Window phase = w;
    phase.dilation = 1;
    std::int64_t most = 0;
    for (std::int64_t tap = 0; tap < w.kernel; ++tap) {
      const Shift shift = shift_of(w, tap);
      most = std::max(most, shift.outputs);
      CHECK(shift.phase >= 0);
      CHECK(shift.phase < phases(w));
      CHECK(input_index(phase, shift.outputs + 2, shift.phase) == input_index(w, 2, tap));
    }
    CHECK(most_shifted(w) == most);
  });
}

TEST_CASE("positions_inside are those whose input index is inside") {
  for_each_window([](const Window& w, std::int64_t in) {
    const std::int64_t out = output_extent(w, in);
    for (std::int64_t tap = 0; tap < w.kernel; ++tap) {
      const Range range = positions_inside(w, tap, in, out);
      CHECK(range.begin >= 0);
      CHECK(range.begin <= range.end);
      CHECK(range.end <= out);
      for (std::int64_t o = 0; o < out; ++o) {
        const std::int64_t i =
            -w.before + o * w.stride + last_tap({tap + 1, 1, w.dilation, 0, 0}, 0);
        CHECK(input_index(w, o, tap) == i);
        CHECK((range.begin <= o && o < range.end) == (0 <= i && i < in));
      }
    }
  });
}

TEST_CASE("taps_inside and taps_padded count the taps before the end of what they see") {
  for_each_window([](const Window& w, std::int64_t in) {
    for (std::int64_t o = 0; o < output_extent(w, in, true); ++o) {
      std::vector<std::int64_t> inside;
      std::int64_t padded = 0;
      for (std::int64_t tap = 0; tap < w.kernel; ++tap) {
        const std::int64_t i = o * w.stride + tap * w.dilation - w.before;
        if (i >= 0 && i < in) inside.push_back(i);
        padded += i < in + w.after;
      }
      const Taps taps = taps_inside(w, o, in);
      CHECK(taps.count == static_cast<std::int64_t>(inside.size()));
      for (std::size_t i = 0; i < inside.size(); ++i)
        CHECK(taps.first + static_cast<std::int64_t>(i) * taps.step == inside[i]);
      CHECK(taps_padded(w, o, in) == padded);
    }
  });
  constexpr std::int64_t kFar = std::int64_t{1} << 61;
  CHECK(taps_inside({3, 1, kFar, kFar, 0}, 0, 1).count == 1);
  CHECK(taps_inside({INT64_MAX, 1, 1, 0, 0}, 0, 7).count == 7);
}

TEST_CASE("shares cover an axis, each from where its part begins to where it ends") {
  for (std::int64_t in = 1; in <= 20; ++in)
    for (std::int64_t out = 1; out <= 25; ++out)
      for (std::int64_t i = 0; i < out; ++i) {
        INFO("in ", in, " out ", out, " i ", i);
        const Taps taps = share(i, in, out);
        CHECK(taps.first * out <= i * in);
        CHECK((taps.first + 1) * out > i * in);
        CHECK((taps.first + taps.count) * out >= (i + 1) * in);
        CHECK((taps.first + taps.count - 1) * out < (i + 1) * in);
      }
  CHECK(share(kMaxShares - 1, INT64_MAX / 2, kMaxShares).first > 0);
  CHECK(share(0, INT64_MAX, 1).count == INT64_MAX);
}

// Indices 0..n-1 extended by `reach` on both sides, one element at a time from the inside out.
std::vector<std::int64_t> unrolled(Border border, std::int64_t n, std::int64_t reach) {
  std::vector<std::int64_t> line;
  for (std::int64_t i = 0; i < n; ++i) line.push_back(i);
  // What one period of the border reads, walking away from the end and from the start.
  std::vector<std::int64_t> up = line, down(line.rbegin(), line.rend());
  if (border == Border::edge) up = {0}, down = {n - 1};
  if (border == Border::constant) up = down = {-1};
  std::vector<std::int64_t> right, left;
  switch (border) {
    case Border::constant:
      left = right = {-1};
      break;
    case Border::edge:
      left = {0}, right = {n - 1};
      break;
    case Border::wrap:
      left = down, right = up;
      break;
    case Border::symmetric:  // d c b a | a b c d | d c b a
      left = up, left.insert(left.end(), down.begin(), down.end());
      right = down, right.insert(right.end(), up.begin(), up.end());
      break;
    case Border::reflect:  // d c b | a b c d | c b a
      if (n == 1) {
        left = right = {0};
        break;
      }
      left.assign(up.begin() + 1, up.end()), left.insert(left.end(), down.begin() + 1, down.end());
      right.assign(down.begin() + 1, down.end()),
          right.insert(right.end(), up.begin() + 1, up.end());
      break;
  }
  std::vector<std::int64_t> all;
  for (std::int64_t i = reach; i > 0; --i)
    all.push_back(left[static_cast<std::size_t>(i - 1) % left.size()]);
  all.insert(all.end(), line.begin(), line.end());
  for (std::int64_t i = 0; i < reach; ++i)
    all.push_back(right[static_cast<std::size_t>(i) % right.size()]);
  return all;
}

TEST_CASE("border_index reads the line extended on both sides") {
  constexpr std::int64_t kReach = 30;
  for (const Border border :
       {Border::constant, Border::edge, Border::reflect, Border::symmetric, Border::wrap})
    for (std::int64_t n = 1; n <= 7; ++n) {
      INFO("border ", static_cast<int>(border), " n ", n);
      const std::vector<std::int64_t> line = unrolled(border, n, kReach);
      for (std::int64_t i = -kReach; i < n + kReach; ++i)
        CHECK(border_index(border, i, n) == line[static_cast<std::size_t>(i + kReach)]);
    }
}

TEST_CASE("border_period is the least after which a border repeats") {
  constexpr std::int64_t kReach = 40;
  for (const Border border :
       {Border::constant, Border::edge, Border::reflect, Border::symmetric, Border::wrap}) {
    for (std::int64_t n = 1; n <= 6; ++n) {
      INFO("border ", static_cast<int>(border), " n ", n);
      const auto repeats = [&](std::int64_t period) {
        for (std::int64_t i = n; i < kReach; ++i)
          if (border_index(border, i, n) != border_index(border, i + period, n)) return false;
        return true;
      };
      std::int64_t least = 1;
      while (!repeats(least)) ++least;
      // Of one element every border is a constant one.
      CHECK(border_period(border, n) % least == 0);
      if (n > 1) CHECK(border_period(border, n) == least);
    }
  }
}

// Beyond counting when the padded extent is.
std::int64_t exact_extent(const Window& w, std::int64_t in) {
  __extension__ using Wide = __int128;
  const Wide padded = Wide{in} + w.before + w.after;
  const Wide room = padded - (Wide{w.dilation} * (w.kernel - 1) + 1);
  if (padded > INT64_MAX) return kMaxExtent;
  return room < 0 ? 0 : static_cast<std::int64_t>(room / w.stride + 1);
}

TEST_CASE("counts saturate") {
  constexpr std::int64_t kMost = INT64_MAX;
  CHECK(saturating_add(kMost, 1) == kMost);
  CHECK(saturating_add(INT64_MIN, -1) == INT64_MIN);
  CHECK(saturating_add(kMost, INT64_MIN) == -1);
  CHECK(saturating_multiply(kMost, 2) == kMost);
  CHECK(saturating_multiply(kMost, -2) == INT64_MIN);
  CHECK(saturating_multiply(-(std::int64_t{1} << 62), -4) == kMost);

  const std::int64_t extremes[] = {1, 2, std::int64_t{1} << 32, std::int64_t{1} << 62, kMost};
  for (const std::int64_t kernel : extremes)
    for (const std::int64_t stride : extremes)
      for (const std::int64_t dilation : extremes)
        for (const std::int64_t padding : extremes)
          for (const std::int64_t in : extremes) {
            INFO("kernel ", kernel, " stride ", stride, " dilation ", dilation, " padding ",
                 padding, " in ", in);
            Window w{kernel, stride, dilation, padding, padding};
            CHECK(span(w) >= 1);
            CHECK(padded_extent(w, in) >= in);
            CHECK(output_extent(w, in) == exact_extent(w, in));
            CHECK(output_extent(w, in, true) >= output_extent(w, in) - 1);
            CHECK(transposed_extent(w, in, padding) >= 0);
            pad_same(w, in, false);
            CHECK(w.before >= 0);
            CHECK(w.after >= w.before);
            pad_full(w);
            CHECK(w.before == span(w) - 1);
          }
}

static_assert(output_extent({3, 1, 1, 0, 0}, 5) == 3);
static_assert(output_extent({3, 2, 1, 1, 1}, 64) == 32);
static_assert(output_extent({5, 1, 1, 0, 0}, 3) == 0);

}  // namespace
}  // namespace cconv
