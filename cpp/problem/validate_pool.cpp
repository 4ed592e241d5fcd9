// In: tagged values and arrays.  Out: a PoolProblem or an UnpoolProblem, or a Refusal.  Nothing
// here touches elements.
#include "problem/validate_pool.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "problem/refusal.h"
#include "problem/validate.h"
#include "problem/words.h"

namespace cconv {
namespace {

// Which axes of x are which.
struct Layout {
  bool batched = false;
  int channel_axis = -1;  // -1: a bare plane
  int spatial_axis = 0;   // the first
};

Layout layout_of(const char* call, const Array& x, int dims, bool channels_last) {
  const int least = dims + channels_last;
  if (x.ndim < least || x.ndim > dims + 2)
    refuse_value(call, "x has shape ", shape_text(x), "; ", std::int64_t{dims + 2}, " axes (",
                 channels_last ? "batch, positions, channels" : "batch, channels, positions", "), ",
                 std::int64_t{dims + 1}, " (no batch)",
                 channels_last ? "" : words(" or ", std::int64_t{dims}, " (positions)"),
                 " would do");
  Layout layout;
  layout.batched = x.ndim == dims + 2;
  if (x.ndim > dims) layout.channel_axis = channels_last ? x.ndim - 1 : layout.batched;
  layout.spatial_axis = channels_last ? layout.batched : x.ndim - dims;
  return layout;
}

void set_view(View& view, Batch& batch, const Layout& layout, int dims, const std::int64_t* shape,
              const std::int64_t* strides) {
  view.batch = &batch;
  if (layout.batched) batch.add(shape[0], strides[0]);
  if (layout.channel_axis >= 0) view.channel = strides[layout.channel_axis];
  for (int i = 0; i < dims; ++i)
    view.spatial[kSpatial - dims + i] = strides[layout.spatial_axis + i];
}

// The number of images and of channels.
void set_planes(std::int64_t& N, std::int64_t& C, const Layout& layout, const Array& x) {
  N = layout.batched ? x.shape[0] : 1;
  C = layout.channel_axis >= 0 ? x.shape[layout.channel_axis] : 1;
}

void set_types(const PoolArguments& a, PoolProblem& p) {
  const Type x = a.x.type;
  const bool complex_maximum = a.pool == Pool::maximum && is_complex(x);
  if (x == Type::other || complex_maximum)
    refuse_type(a.call, "x has dtype ", dtype_text(a.x, a.describe),
                complex_maximum ? ", which has no maximum" : "", "; an integer",
                a.pool == Pool::maximum ? " or float" : ", float or complex", " dtype would do");
  p.src_type = p.dst_type = x;
  if (a.pool == Pool::maximum) return;
  if (is_integer(x)) p.dst_type = Type::float64;
  if (a.pool == Pool::norm && is_complex(x))
    p.dst_type = x == Type::complex64 ? Type::float32 : Type::float64;
}

void set_divisor(const PoolArguments& a, PoolProblem& p) {
  p.count_include_pad = validate_flag(a.call, "count_include_pad", a.count_include_pad, a.describe);
  if (a.divisor_override.kind == Value::Kind::none) return;
  p.divisor =
      validate_integer(a.call, "divisor_override", a.divisor_override, INT64_MIN, a.describe);
  if (p.divisor == 0)
    refuse_value(a.call, "divisor_override 0 divides nothing; another int, or None, would do");
}

void set_norm(const PoolArguments& a, PoolProblem& p) {
  const Value& v = a.norm_type;
  if (v.kind == Value::Kind::integer)
    p.norm = static_cast<double>(v.integer);
  else if (v.kind == Value::Kind::real || v.kind == Value::Kind::huge)
    p.norm = v.real;
  else
    refuse_type(a.call, "norm_type ", a.describe.value(v.object),
                " is not a number; a positive one would do");
  if (!(p.norm > 0) || std::isinf(p.norm))
    refuse_value(a.call, "norm_type ", a.describe.value(v.object),
                 " is no exponent; a finite number above 0 would do");
}

bool is_given(const Value& value) {
  const bool empty = value.kind == Value::Kind::sequence && value.size == 0;
  return value.kind != Value::Kind::none && !empty;
}

// Sizes and steps of windows; without a stride they lie side by side.
void set_windows(const char* call, int dims, const Value& kernel_size, const Value& stride,
                 const Describe& describe, Window* windows) {
  std::int64_t kernels[kSpatial], strides[kSpatial];
  validate_per_axis(call, "kernel_size", kernel_size, dims, 1, kernels, describe);
  if (is_given(stride))
    validate_per_axis(call, "stride", stride, dims, 1, strides, describe);
  else
    std::copy_n(kernels, dims, strides);
  for (int i = 0; i < dims; ++i) windows[i] = {kernels[i], strides[i], 1, 0, 0};
}

// The first window that holds border alone, in [0, axis.out); -1 when there is none.  Padding is
// less than the span, so this takes a dilation that steps over the whole axis.  Where windows that
// start before the axis first meet it repeats with their starts modulo the dilation.
std::int64_t border_window(const PoolAxis& axis) {
  const Window& w = axis.window;
  if (axis.in >= w.dilation) return -1;
  const std::int64_t windows = std::min(axis.out, w.dilation / std::gcd(w.stride, w.dilation));
  for (std::int64_t o = 0; o < windows && input_index(w, o, 0) < std::max<std::int64_t>(axis.in, 1);
       ++o)
    if (axis.taps(o).count == 0) return o;
  return -1;
}

void set_axes(const PoolArguments& a, const Layout& layout, PoolProblem& p) {
  const bool ceil_mode = validate_flag(a.call, "ceil_mode", a.ceil_mode, a.describe);
  const std::int64_t* const sizes = a.x.shape + layout.spatial_axis;
  Window windows[kSpatial];
  std::int64_t dilations[kSpatial];
  set_windows(a.call, a.dims, a.kernel_size, a.stride, a.describe, windows);
  validate_per_axis(a.call, "dilation", a.dilation, a.dims, 1, dilations, a.describe);
  for (int i = 0; i < a.dims; ++i) windows[i].dilation = dilations[i];
  if (ceil_mode && a.padding.kind == Value::Kind::text)
    refuse_value(a.call, "padding ", a.describe.value(a.padding.object),
                 " with ceil_mode; numbers, or ceil_mode=False, would do");
  validate_padding(a.call, a.padding, a.dims, sizes, windows, a.describe);

  for (int i = 0; i < a.dims; ++i) {
    const Window& w = windows[i];
    const std::int64_t reach = span(w);
    if (w.before >= reach || w.after >= reach)
      refuse_value(a.call, "padding (", w.before, ", ", w.after, ") of the ", axis_name(a.dims, i),
                   " is not smaller than the window of ", reach, " ", unit_name(a.dims, i),
                   "; at most ", reach - 1, " would do");
    const std::int64_t out = output_extent(w, sizes[i], ceil_mode);
    if (out < 1)
      refuse_empty(a.call, "kernel_size", a.dims, i, sizes, windows,
                   !p.channels_last && layout.spatial_axis > 0);
    PoolAxis& axis = p.axis[kSpatial - a.dims + i];
    axis = {sizes[i], out, w, false};
    // A step that is never taken may be of any size: cut, it makes no offset that overflows.
    if (out == 1) axis.window.stride = 1;
    if (w.kernel == 1) axis.window.dilation = 1;
  }
}

void require_elements(const PoolArguments& a, const PoolProblem& p) {
  const bool needs = p.pool == Pool::maximum ||
                     (p.pool == Pool::average && !p.count_include_pad && p.divisor == 0);
  for (int i = 0; i < a.dims; ++i) {
    const PoolAxis& axis = p.axis[kSpatial - a.dims + i];
    const std::int64_t o = needs ? border_window(axis) : -1;
    if (o >= 0)
      refuse_value(a.call, "window ", o, " along the ", axis_name(a.dims, i),
                   " would hold border alone; less padding or dilation would do");
  }
}

void set_shares(const PoolArguments& a, const Layout& layout, PoolProblem& p) {
  const Value& v = a.output_size;
  const bool sequence = v.kind == Value::Kind::sequence;
  if (sequence && v.size != 1 && v.size != a.dims)
    refuse_value(a.call, "output_size ", a.describe.value(v.object), " has ", v.size,
                 " entries; an int or one per axis (", std::int64_t{a.dims}, ") would do");
  for (int i = 0; i < a.dims; ++i) {
    const Value& entry = sequence ? v.items[v.size == 1 ? 0 : i] : v;
    PoolAxis& axis = p.axis[kSpatial - a.dims + i];
    axis.shared = true;
    axis.in = axis.out = a.x.shape[layout.spatial_axis + i];
    if (entry.kind != Value::Kind::none)
      axis.out = validate_integer(a.call, "output_size", entry, 1, a.describe);
    if (axis.out > kMaxShares)
      refuse_value(a.call, "output_size ", axis.out, " is too large; at most ", kMaxShares,
                   " would do");
    if (axis.in == 0)
      refuse_value(a.call, "x ", axis_name(a.dims, i),
                   " 0 has nothing to pool; at least 1 would do");
    if (axis.in % axis.out != 0) continue;
    // Shares of one size are windows side by side.
    axis.shared = false;
    axis.window.kernel = axis.window.stride = axis.in / axis.out;
  }
}

}  // namespace

void validate_pool(const PoolArguments& a, Pooling& c) {
  PoolProblem& p = c.problem;
  p.pool = a.pool;
  p.channels_last = validate_flag(a.call, "channels_last", a.channels_last, a.describe);
  p.wants_indices = validate_flag(a.call, "return_indices", a.return_indices, a.describe);
  set_types(a, p);
  if (p.pool == Pool::average) set_divisor(a, p);
  if (p.pool == Pool::norm) set_norm(a, p);
  const Layout layout = layout_of(a.call, a.x, a.dims, p.channels_last);
  set_planes(p.N, p.C, layout, a.x);
  if (a.adaptive)
    set_shares(a, layout, p);
  else
    set_axes(a, layout, p);

  c.ndim = a.x.ndim;
  std::copy_n(a.x.shape, c.ndim, c.shape);
  for (int i = 0; i < a.dims; ++i)
    c.shape[layout.spatial_axis + i] = p.axis[kSpatial - a.dims + i].out;
  std::int64_t strides[kMaxNdim];
  result_strides(a.call, p.wants_indices ? Type::int64 : p.dst_type, c.ndim, c.shape, strides);
  result_strides(a.call, p.dst_type, c.ndim, c.shape, strides);
  if (!a.adaptive) require_elements(a, p);
  set_view(c.dst, c.dst_batch, layout, a.dims, c.shape, strides);
  set_view(c.src, c.src_batch, layout, a.dims, a.x.shape, a.x.strides);
  c.src.data = a.x.data;
}

namespace {

// The extent that a pool with this window had, and less than one stride more or less.
void set_unpooled(const UnpoolArguments& a, int i, std::int64_t n, const Window& w,
                  const std::int64_t* given, std::int64_t& out) {
  const char* const name = axis_name(a.dims, i);
  if (n < 1) refuse_value(a.call, "x ", name, " 0 has nothing to unpool; at least 1 would do");
  const std::int64_t reach = saturating_add(saturating_multiply(n - 1, w.stride), w.kernel);
  const std::int64_t usual = saturating_add(reach, -saturating_add(w.before, w.after));
  const std::int64_t least = std::max<std::int64_t>(saturating_add(usual, 1 - w.stride), 1);
  const std::int64_t most = saturating_add(usual, w.stride - 1);
  out = given != nullptr ? *given : usual;
  if (given != nullptr && (out < least || out > most))
    refuse_value(a.call, "output_size ", out, " along the ", name,
                 " is not within less than one stride of ", usual, "; from ", least, " to ", most,
                 " would do");
  if (out < 1)
    refuse_value(a.call, "output would be empty: x ", name, " ", n, " with stride ", w.stride,
                 ", padding (", w.before, ", ", w.after, "), kernel_size ", w.kernel, " gives ",
                 usual, " ", unit_name(a.dims, i));
}

// The spatial entries of output_size, which may name all axes of the result.
const std::int64_t* output_sizes(const UnpoolArguments& a, const Layout& layout,
                                 std::int64_t* sizes) {
  const Value& v = a.output_size;
  if (v.kind == Value::Kind::none) return nullptr;
  const bool full = v.kind == Value::Kind::sequence && v.size == a.x.ndim && v.size != a.dims;
  if (!full) {
    validate_per_axis(a.call, "output_size", v, a.dims, 1, sizes, a.describe);
    return sizes;
  }
  for (int i = 0; i < a.x.ndim; ++i) {
    const std::int64_t size = validate_integer(a.call, "output_size", v.items[i], 0, a.describe);
    const int axis = i - layout.spatial_axis;
    if (axis >= 0 && axis < a.dims)
      sizes[axis] = size;
    else if (size != a.x.shape[i])
      refuse_value(a.call, "output_size ", a.describe.value(v.object),
                   " does not begin or end as x ", shape_text(a.x),
                   " does; the batch and the channels of x would do");
  }
  return sizes;
}

}  // namespace

void validate_unpool(const UnpoolArguments& a, Unpooling& u) {
  UnpoolProblem& p = u.problem;
  const bool channels_last = validate_flag(a.call, "channels_last", a.channels_last, a.describe);
  p.type = a.x.type;
  p.index_type = a.indices.type;
  if (p.type == Type::other)
    refuse_type(a.call, "x has dtype ", dtype_text(a.x, a.describe),
                "; an integer, float or complex dtype would do");
  if (!is_integer(p.index_type) || p.index_type == Type::boolean)
    refuse_type(a.call, "indices have dtype ", dtype_text(a.indices, a.describe),
                "; an integer dtype would do");
  const Layout layout = layout_of(a.call, a.x, a.dims, channels_last);
  set_planes(p.N, p.C, layout, a.x);
  if (a.indices.ndim != a.x.ndim || !std::equal(a.x.shape, a.x.shape + a.x.ndim, a.indices.shape))
    refuse_value(a.call, "indices have shape ", shape_text(a.indices), "; that of x, ",
                 shape_text(a.x), ", would do");

  Window windows[kSpatial];
  std::int64_t sizes[kSpatial];
  set_windows(a.call, a.dims, a.kernel_size, a.stride, a.describe, windows);
  if (a.padding.kind == Value::Kind::text)
    refuse_value(a.call, "padding ", a.describe.value(a.padding.object),
                 " is a word; the numbers of the pool would do");
  const std::int64_t* const spatial = a.x.shape + layout.spatial_axis;
  validate_padding(a.call, a.padding, a.dims, spatial, windows, a.describe);
  const std::int64_t* const given = output_sizes(a, layout, sizes);
  u.ndim = a.x.ndim;
  std::copy_n(a.x.shape, u.ndim, u.shape);
  for (int i = 0; i < a.dims; ++i) {
    const int axis = kSpatial - a.dims + i;
    p.in[axis] = spatial[i];
    set_unpooled(a, i, spatial[i], windows[i], given ? given + i : nullptr, p.out[axis]);
    u.shape[layout.spatial_axis + i] = p.out[axis];
  }

  std::int64_t strides[kMaxNdim];
  result_strides(a.call, p.type, u.ndim, u.shape, strides);
  set_view(u.dst, u.dst_batch, layout, a.dims, u.shape, strides);
  set_view(u.src, u.src_batch, layout, a.dims, a.x.shape, a.x.strides);
  set_view(u.indices, u.indices_batch, layout, a.dims, a.indices.shape, a.indices.strides);
  u.src.data = a.x.data;
  u.indices.data = a.indices.data;
}

void refuse_index(const UnpoolArguments& a, const UnpoolProblem& p, std::int64_t index) {
  const std::int64_t places = p.out[0] * p.out[1] * p.out[2];
  const bool is_unsigned = p.index_type == Type::uint64;
  refuse_value(
      a.call, "indices hold ",
      is_unsigned ? std::to_string(static_cast<std::uint64_t>(index)) : std::to_string(index),
      ", which is no place of a plane of ", places, "; 0 to ", places - 1, " would do");
}

}  // namespace cconv
