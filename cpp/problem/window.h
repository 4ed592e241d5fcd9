// The arithmetic of one axis: how far a window reaches, how often it fits, which positions see the
// border, and where a border element is read from.  Everything that needs one of these asks here.
//
// Counts are 64-bit and saturate, so that an absurd argument gives an absurd extent, never a
// wrapped one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>

namespace cconv {

// A kernel laid over an axis padded by `before` and `after`; dilation 1 puts taps side by side.
struct Window {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t before = 0;
  std::int64_t after = 0;
};

// What the border holds; the words of numpy.pad.
enum class Border : std::uint8_t { constant, edge, reflect, symmetric, wrap };

constexpr std::int64_t kMaxExtent = INT64_MAX;

constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT64_MIN : kMaxExtent) : sum;
}

constexpr std::int64_t saturating_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? ((a < 0) != (b < 0) ? INT64_MIN : kMaxExtent)
                                                : product;
}

constexpr std::int64_t saturating_product(std::initializer_list<std::int64_t> factors) {
  std::int64_t all = 1;
  for (const std::int64_t factor : factors) all = saturating_multiply(all, factor);
  return all;
}

// Elements from the first tap to the last: dilation * (kernel - 1) + 1.
constexpr std::int64_t span(const Window& w) {
  return saturating_add(saturating_multiply(w.dilation, w.kernel - 1), 1);
}

constexpr std::int64_t padded_extent(const Window& w, std::int64_t in) {
  return saturating_add(saturating_add(in, w.before), w.after);
}

// Positions a window takes along one axis: floor((in + before + after - span) / stride) + 1; zero
// when the window does not fit, kMaxExtent when the padded extent is beyond counting.  With
// ceil_mode the quotient is rounded up, so that the last window may hang over the end, and that
// window is dropped if it starts past the axis and its padding before (as PyTorch has it).
constexpr std::int64_t output_extent(const Window& w, std::int64_t in, bool ceil_mode = false) {
  std::int64_t padded = 0;
  if (__builtin_add_overflow(in, w.before, &padded)) return kMaxExtent;
  if (__builtin_add_overflow(padded, w.after, &padded)) return kMaxExtent;
  const std::int64_t room = padded - span(w);
  if (!ceil_mode) return room < 0 ? 0 : room / w.stride + 1;
  if (room <= -w.stride) return 0;
  const std::int64_t steps = room < 0 ? 0 : room / w.stride + (room % w.stride != 0);
  return steps + (saturating_multiply(steps, w.stride) < in + w.before);
}

// Extent a transposed convolution makes: (in - 1) * stride - before - after + span +
// output_padding.
constexpr std::int64_t transposed_extent(const Window& w, std::int64_t in,
                                         std::int64_t output_padding) {
  if (in < 1) return 0;
  const std::int64_t reach = saturating_add(saturating_multiply(in - 1, w.stride),
                                            saturating_add(span(w), output_padding));
  return std::max<std::int64_t>(0, saturating_add(reach, -saturating_add(w.before, w.after)));
}

// Padding for which out = ceil(in / stride); the odd element goes to the end, or with `lower` to
// the start.
constexpr void pad_same(Window& w, std::int64_t in, bool lower) {
  const std::int64_t out = in / w.stride + (in % w.stride != 0);
  const std::int64_t reach =
      out == 0 ? 0 : saturating_add(saturating_multiply(out - 1, w.stride), span(w));
  const std::int64_t total = std::max<std::int64_t>(0, reach - in);
  w.before = lower ? total - total / 2 : total / 2;
  w.after = total - w.before;
}

// Padding for which every overlap counts: span - 1 on both sides.
constexpr void pad_full(Window& w) { w.before = w.after = span(w) - 1; }

// Input coordinate of a tap at an output position; in the border when outside [0, in).
constexpr std::int64_t input_index(const Window& w, std::int64_t out, std::int64_t tap) {
  return out * w.stride + tap * w.dilation - w.before;
}

// With stride s the input of a tap at neighbouring outputs lies s apart: it is of one phase of the
// axis, in which other taps of that phase see the same elements, some outputs further on.
constexpr std::int64_t phases(const Window& w) { return std::min(w.stride, span(w)); }

struct Shift {
  std::int64_t phase, outputs;
};
constexpr Shift shift_of(const Window& w, std::int64_t tap) {
  const std::int64_t at = tap * w.dilation;
  return w.stride == 1 ? Shift{0, at} : Shift{at % w.stride, at / w.stride};
}

// The most outputs that a tap is further on.
constexpr std::int64_t most_shifted(const Window& w) {
  return w.stride == 1 ? span(w) - 1 : (span(w) - 1) / w.stride;
}

// Output positions [begin, end) for which a tap reads inside [0, in).
struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

constexpr Range positions_inside(const Window& w, std::int64_t tap, std::int64_t in,
                                 std::int64_t out) {
  const auto steps = [&](std::int64_t n) { return w.stride == 1 ? n : (n - 1) / w.stride + 1; };
  const std::int64_t first = input_index(w, 0, tap);  // may be negative
  const std::int64_t begin = first >= 0 ? 0 : steps(-first);
  const std::int64_t end = first >= in ? 0 : steps(in - first);
  const std::int64_t clipped = std::min(begin, out);
  return {clipped, std::clamp(end, clipped, out)};
}

// The taps of one window that read inside the axis: `count` coordinates from `first`, `step` apart.
struct Taps {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t step = 1;
};

constexpr Taps taps_inside(const Window& w, std::int64_t out, std::int64_t in) {
  const std::int64_t start = input_index(w, out, 0);  // may be negative
  const std::int64_t skipped = start >= 0 ? 0 : (-start - 1) / w.dilation + 1;
  if (skipped >= w.kernel) return {};
  const std::int64_t first = start + skipped * w.dilation;
  if (first >= in) return {};
  return {first, std::min(w.kernel - skipped, (in - 1 - first) / w.dilation + 1), w.dilation};
}

// Taps of a window between the start of the padding before and the end of the padding after.
constexpr std::int64_t taps_padded(const Window& w, std::int64_t out, std::int64_t in) {
  const std::int64_t left = in + w.after - input_index(w, out, 0);
  return left <= 0 ? 0 : std::min(w.kernel, (left - 1) / w.dilation + 1);
}

// Window `i` of `out` that share an axis: from floor(i * in / out) to ceil((i + 1) * in / out).
// out is at most kMaxShares.
constexpr std::int64_t kMaxShares = std::int64_t{1} << 31;

constexpr Taps share(std::int64_t i, std::int64_t in, std::int64_t out) {
  const std::int64_t whole = in / out, rest = in % out;
  const std::int64_t first = i * whole + i * rest / out;
  const std::int64_t end = (i + 1) * whole + ((i + 1) * rest + out - 1) / out;
  return {first, end - first, 1};
}

// Coordinates after which a border repeats: reflect does not repeat the edge, symmetric does.
constexpr std::int64_t border_period(Border border, std::int64_t n) {
  switch (border) {
    case Border::constant:
    case Border::edge:
      return 1;
    case Border::wrap:
      return n;
    case Border::reflect:
      return n == 1 ? 1 : saturating_multiply(2, n - 1);
    case Border::symmetric:
      return saturating_multiply(2, n);
  }
  return 1;
}

// Where the border element at coordinate i is read from, in [0, n); -1 for a constant border.
constexpr std::int64_t border_index(Border border, std::int64_t i, std::int64_t n) {
  if (i >= 0 && i < n) return i;
  if (border == Border::constant) return -1;
  if (border == Border::edge) return i < 0 ? 0 : n - 1;
  const std::int64_t period = border_period(border, n);
  const std::int64_t r = i % period < 0 ? i % period + period : i % period;
  if (r < n) return r;
  return border == Border::symmetric ? period - 1 - r : period - r;
}

}  // namespace cconv
