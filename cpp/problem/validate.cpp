// The judgements that several calls share: integers, words, flags, padding.
#include "problem/validate.h"

#include <algorithm>
#include <iterator>

#include "problem/words.h"

namespace cconv {
namespace {

std::string per_axis_text(int dims) {
  return dims == 1 ? "an int" : words("an int or one per axis (", std::int64_t{dims}, ")");
}

constexpr int kOneInt = 1;  // an argument that is a single int is one of one axis

std::int64_t integer_of(const char* call, const char* name, const Value& value, std::int64_t least,
                        int dims, const Describe& describe) {
  switch (value.kind) {
    case Value::Kind::integer:
      if (value.integer >= least) return value.integer;
      refuse_value(call, name, " ", value.integer, " is too small; at least ", least, " would do");
    case Value::Kind::huge:
      refuse_value(call, name, " ", describe.value(value.object), " does not fit; integers from ",
                   least, " to 2**63 - 1 would do");
    case Value::Kind::boolean:
      refuse_type(call, name, " ", describe.value(value.object), " is a bool; ",
                  per_axis_text(dims), " would do");
    default:
      refuse_type(call, name, " ", describe.value(value.object), " is not an int; ",
                  per_axis_text(dims), " would do");
  }
}

constexpr const char* kPaddingWords[] = {"valid", "same", "same_lower", "full"};

bool is_pair(const Value& value) { return value.kind == Value::Kind::sequence; }

// One side of the padding of one axis.
std::int64_t side(const char* call, const Value& value, const Describe& describe) {
  return integer_of(call, "padding", value, 0, kOneInt, describe);
}

void axis_padding(const char* call, const Value& value, Window& window, const Describe& describe) {
  if (!is_pair(value)) {
    window.before = window.after = side(call, value, describe);
    return;
  }
  if (value.size != 2)
    refuse_value(call, "padding of one axis has ", value.size,
                 " entries; an int or a (before, after) pair would do");
  window.before = side(call, value.items[0], describe);
  window.after = side(call, value.items[1], describe);
}

}  // namespace

int validate_word(const char* call, const char* name, const Value& value, const char* const* names,
                  int count, const Describe& describe) {
  if (value.kind != Value::Kind::text)
    refuse_type(call, name, " ", describe.value(value.object), " is not a word; one of ",
                quoted_list(names, count), " would do");
  for (int i = 0; i < count; ++i)
    if (value.text == names[i]) return i;
  refuse_value(call, name, " ", describe.value(value.object), " is unknown; one of ",
               quoted_list(names, count), " would do");
}

std::int64_t validate_integer(const char* call, const char* name, const Value& value,
                              std::int64_t least, const Describe& describe) {
  return integer_of(call, name, value, least, kOneInt, describe);
}

bool validate_flag(const char* call, const char* name, const Value& value,
                   const Describe& describe) {
  if (value.kind != Value::Kind::boolean)
    refuse_type(call, name, " ", describe.value(value.object),
                " is not a bool; True or False would do");
  return value.integer != 0;
}

void validate_per_axis(const char* call, const char* name, const Value& value, int dims,
                       std::int64_t least, std::int64_t* result, const Describe& describe) {
  if (value.kind != Value::Kind::sequence) {
    std::fill_n(result, dims, integer_of(call, name, value, least, dims, describe));
    return;
  }
  if (value.size != 1 && value.size != dims)
    refuse_value(call, name, " ", describe.value(value.object), " has ", value.size, " entries; ",
                 per_axis_text(dims), " would do");
  for (int i = 0; i < dims; ++i)
    result[i] =
        integer_of(call, name, value.items[value.size == 1 ? 0 : i], least, kOneInt, describe);
}

void validate_padding(const char* call, const Value& padding, int dims, const std::int64_t* sizes,
                      Window* windows, const Describe& describe) {
  if (padding.kind == Value::Kind::text) {
    const int word =
        validate_word(call, "padding", padding, kPaddingWords, std::size(kPaddingWords), describe);
    for (int i = 0; i < dims; ++i) {
      windows[i].before = windows[i].after = 0;
      if (word == 1 || word == 2) pad_same(windows[i], sizes[i], word == 2);
      if (word == 3) pad_full(windows[i]);
    }
    return;
  }
  if (padding.kind != Value::Kind::sequence) {
    for (int i = 0; i < dims; ++i) axis_padding(call, padding, windows[i], describe);
    return;
  }
  if (padding.size != 1 && padding.size != dims) {
    if (dims == 1 && padding.size == 2)
      refuse_value(
          call, "padding ", describe.value(padding.object),
          " has 2 entries for one axis; for a (before, after) pair write [(before, after)]");
    refuse_value(call, "padding ", describe.value(padding.object), " has ", padding.size,
                 " entries; an int, one int or (before, after) pair per axis (", std::int64_t{dims},
                 "), or one of ", quoted_list(kPaddingWords, std::size(kPaddingWords)),
                 " would do");
  }
  for (int i = 0; i < dims; ++i)
    axis_padding(call, padding.items[padding.size == 1 ? 0 : i], windows[i], describe);
}

void validate_axis(const AxisArguments& a, std::int64_t& n, Window& window) {
  n = validate_integer(a.call, "n", a.n, 0, a.describe);
  window.kernel = validate_integer(a.call, "kernel", a.kernel, 1, a.describe);
  window.stride = validate_integer(a.call, "stride", a.stride, 1, a.describe);
  window.dilation = validate_integer(a.call, "dilation", a.dilation, 1, a.describe);
  axis_padding(a.call, a.padding, window, a.describe);
}

}  // namespace cconv
