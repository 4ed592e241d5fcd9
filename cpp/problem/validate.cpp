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

// First and past-the-last byte an array touches.
void memory_bounds(const Array& array, std::intptr_t& low, std::intptr_t& high) {
  const bool converted = array.origin != nullptr;
  const std::int64_t* const strides = converted ? array.origin_strides : array.strides;
  low = high = reinterpret_cast<std::intptr_t>(converted ? array.origin : array.data);
  for (int i = 0; i < array.ndim; ++i) {
    if (array.shape[i] == 0) {
      high = low;
      return;
    }
    const std::int64_t reach = (array.shape[i] - 1) * strides[i];
    (reach < 0 ? low : high) += reach;
  }
  high += converted ? array.origin_size : size_of(array.type);
}

bool overlap(const Array& a, const Array& b) {
  std::intptr_t a_low, a_high, b_low, b_high;
  memory_bounds(a, a_low, a_high);
  memory_bounds(b, b_low, b_high);
  return a_low < b_high && b_low < a_high && a_low < a_high && b_low < b_high;
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

void refuse_empty(const char* call, const char* kernel, int dims, int axis,
                  const std::int64_t* sizes, const Window* windows, bool leading) {
  const Window& w = windows[axis];
  const std::int64_t in = sizes[axis];
  bool fits_before = leading;
  for (int i = 0; i < dims; ++i)
    fits_before = fits_before && output_extent(windows[i], sizes[i - 1]) > 0;
  const std::string padding =
      w.before == 0 && w.after == 0 ? "" : words(" + ", w.before, " + ", w.after);
  const char* const name = axis_name(dims, axis);
  refuse_value(call, "output would be empty: x ", name, " ", in, " with padding (", w.before, ", ",
               w.after, "), ", kernel, " ", name, " ", w.kernel, ", dilation ", w.dilation,
               " gives ", in, padding, " - ", span(w),
               " + 1 = ", padded_extent(w, in) - span(w) + 1, " ", unit_name(dims, axis),
               fits_before ? "; if the last axis holds channels, channels_last=True would do" : "");
}

void validate_out(const char* call, const Array& out, Type type, int ndim,
                  const std::int64_t* shape, std::initializer_list<Input> inputs,
                  const Describe& describe) {
  if (out.type != type || !out.native)
    refuse_type(call, "out has dtype ", describe.dtype(out.object), "; ", name_of(type),
                " would do");
  if (out.ndim != ndim || !std::equal(shape, shape + ndim, out.shape))
    refuse_value(call, "out has shape ", shape_text(out), "; ", shape_text(shape, ndim),
                 " would do");
  if (!out.writable) refuse_value(call, "out is read-only; a writable array would do");
  if (!out.c_contiguous)
    refuse_value(call, "out is not C-contiguous; a C-contiguous array would do");
  for (const Input& input : inputs)
    if (input.array != nullptr && overlap(out, *input.array))
      refuse_value(call, "out shares memory with ", input.name, "; an array of its own would do");
}

void result_strides(const char* call, Type type, int ndim, const std::int64_t* shape,
                    std::int64_t* strides) {
  std::int64_t bytes = size_of(type);
  bool empty = false;
  for (int i = ndim - 1; i >= 0; --i) {
    strides[i] = bytes;
    bytes = saturating_multiply(bytes, std::max<std::int64_t>(shape[i], 1));
    empty |= shape[i] == 0;
  }
  if (bytes == kMaxExtent && !empty)
    throw Refusal(Refusal::Kind::memory,
                  words(call, ": a result of shape ", shape_text(shape, ndim), " and dtype ",
                        name_of(type), " is beyond any memory"));
}

void validate_axis(const AxisArguments& a, std::int64_t& n, Window& window) {
  n = validate_integer(a.call, "n", a.n, 0, a.describe);
  window.kernel = validate_integer(a.call, "kernel", a.kernel, 1, a.describe);
  window.stride = validate_integer(a.call, "stride", a.stride, 1, a.describe);
  window.dilation = validate_integer(a.call, "dilation", a.dilation, 1, a.describe);
  axis_padding(a.call, a.padding, window, a.describe);
}

}  // namespace cconv
