// In: the tagged values of a call of pad.  Out: a PadProblem, or a Refusal.
#include "problem/validate_pad.h"

#include <algorithm>
#include <iterator>

#include "problem/validate.h"
#include "problem/words.h"

namespace cconv {
namespace {

constexpr const char* kModes[] = {"constant", "edge", "reflect", "symmetric", "wrap"};

Border mode_of(const PadArguments& a) {
  const Value& mode = a.mode;
  if (mode.kind == Value::Kind::text)
    for (int i = 0; i < static_cast<int>(std::size(kModes)); ++i)
      if (mode.text == kModes[i]) return static_cast<Border>(i);
  refuse_value(a.call, "mode ", a.describe.value(mode.object), " is none of ",
               quoted_list(kModes, std::size(kModes)), "; for others numpy.pad would do");
}

std::int64_t side(const PadArguments& a, const Value& value) {
  return validate_integer(a.call, "pad_width", value, 0, a.describe);
}

bool is_sequence(const Value& value) { return value.kind == Value::Kind::sequence; }

[[noreturn]] void refuse_widths(const PadArguments& a, const Value& value, const char* wanted) {
  refuse_value(a.call, "pad_width ", a.describe.value(value.object), " does not fit an array of ",
               std::int64_t{a.ndim}, " axes; ", wanted, " would do");
}

void set_both(PadAxis& axis, std::int64_t before, std::int64_t after) {
  axis.before = before;
  axis.after = after;
}

void widths_of_dict(const PadArguments& a, PadProblem& p) {
  for (std::int64_t i = 0; i < a.entries; ++i) {
    const Value& key = a.axes[i];
    const Value& width = a.widths[i];
    const std::int64_t n = validate_integer(a.call, "pad_width axis", key, INT64_MIN, a.describe);
    if (n < -a.ndim || n >= a.ndim)
      refuse_value(a.call, "pad_width names axis ", n, " of an array of ", std::int64_t{a.ndim},
                   " axes; one in [", std::int64_t{-a.ndim}, ", ", std::int64_t{a.ndim},
                   ") would do");
    PadAxis& axis = p.axis[n < 0 ? n + a.ndim : n];
    if (!is_sequence(width)) {
      const std::int64_t both = side(a, width);
      set_both(axis, both, both);
    } else if (width.size == 2) {
      set_both(axis, side(a, width.items[0]), side(a, width.items[1]));
    } else {
      refuse_value(a.call, "pad_width of axis ", n, " has ", width.size,
                   " entries; an int or a (before, after) pair would do");
    }
  }
}

// The forms that numpy.pad broadcasts to one pair per axis: n, (n,), (before, after),
// ((n,), ...), ((before, after), ...), the last two for one axis or for each.
void widths_of_value(const PadArguments& a, PadProblem& p) {
  constexpr const char* kForms = "an int, a (before, after) pair or one pair per axis";
  const auto set_all = [&](std::int64_t before, std::int64_t after) {
    for (int i = 0; i < a.ndim; ++i) set_both(p.axis[i], before, after);
  };
  const Value& v = a.pad_width;
  if (!is_sequence(v)) {
    const std::int64_t both = side(a, v);
    return set_all(both, both);
  }
  if (v.items == nullptr || v.size == 0) refuse_widths(a, v, kForms);
  if (!is_sequence(v.items[0])) {
    for (std::int64_t i = 1; i < v.size; ++i)
      if (is_sequence(v.items[i])) refuse_widths(a, v, kForms);
    if (v.size > 2) {
      for (std::int64_t i = 0; i < v.size; ++i) side(a, v.items[i]);  // a wrong type is told first
      refuse_widths(a, v, kForms);
    }
    return set_all(side(a, v.items[0]), side(a, v.items[v.size - 1]));
  }
  const std::int64_t columns = v.items[0].size;
  if (columns != 1 && columns != 2) refuse_widths(a, v, kForms);
  for (std::int64_t i = 0; i < v.size; ++i)
    if (!is_sequence(v.items[i]) || v.items[i].size != columns) refuse_widths(a, v, kForms);
  if (v.size != 1 && v.size != a.ndim) refuse_widths(a, v, kForms);
  for (std::int64_t i = 0; i < v.size; ++i) {
    const Value* const pair = v.items[i].items;
    const std::int64_t before = side(a, pair[0]), after = side(a, pair[columns - 1]);
    if (v.size == 1) return set_all(before, after);
    set_both(p.axis[i], before, after);
  }
}

bool is_zero(const Value& v) {
  switch (v.kind) {
    case Value::Kind::boolean:
    case Value::Kind::integer:
      return v.integer == 0;
    case Value::Kind::real:
    case Value::Kind::complex:
      return v.real == 0 && v.imaginary == 0;
    default:
      return false;
  }
}

}  // namespace

void validate_pad(const PadArguments& a, PadProblem& p) {
  p.border = mode_of(a);
  p.ndim = a.ndim;
  p.item = a.item;
  if (a.by_axis)
    widths_of_dict(a, p);
  else
    widths_of_value(a, p);
  const char* const mode = kModes[static_cast<int>(p.border)];
  if (p.border != Border::constant && !is_zero(a.constant_values))
    refuse_value(a.call, "constant_values ", a.describe.value(a.constant_values.object),
                 " with mode \"", mode, "\"; 0, or mode \"constant\", would do");

  std::int64_t bytes = std::max<std::int64_t>(p.item, 1);
  std::int64_t shape[kMaxNdim];
  for (int i = 0; i < p.ndim; ++i) {
    PadAxis& axis = p.axis[i];
    axis.in = a.shape[i];
    shape[i] = axis.out();
    bytes = saturating_multiply(bytes, std::max<std::int64_t>(shape[i], 1));
    if (axis.in == 0 && shape[i] > 0 && p.border != Border::constant)
      refuse_value(a.call, "array of shape ", shape_text(a.shape, a.ndim),
                   " has nothing along axis ", std::int64_t{i}, " that mode \"", mode,
                   "\" could repeat; \"constant\" would do");
  }
  if (bytes == kMaxExtent)
    throw Refusal(Refusal::Kind::memory,
                  words(a.call, ": a result of shape ", shape_text(shape, p.ndim), " with ", p.item,
                        "-byte elements is beyond any memory"));
}

}  // namespace cconv
