// In: tagged values and arrays.  Out: a Problem, or a Refusal.  Nothing here touches elements.
#include <algorithm>
#include <cmath>
#include <limits>

#include "problem/refusal.h"
#include "problem/validate.h"
#include "problem/words.h"

namespace cconv {
namespace {

constexpr const char* kBorderNames[] = {"constant", "edge",  "reflect",   "symmetric",
                                        "wrap",     "zeros", "replicate", "circular"};
constexpr Border kBorders[] = {Border::constant,  Border::edge, Border::reflect,
                               Border::symmetric, Border::wrap, Border::constant,
                               Border::edge,      Border::wrap};
constexpr int kZeros = 5;  // of kBorderNames: constant, and only 0

constexpr const char* kActivationNames[] = {"none", "relu", "relu6",     "leaky_relu", "sigmoid",
                                            "tanh", "silu", "hardswish", "gelu"};

void require_number(const ConvArguments& a, const char* name, const Array& array) {
  if (array.type == Type::other)
    refuse_type(a.options.call, name, " has dtype ", dtype_text(array, a.options.describe),
                "; an integer, float or complex dtype would do");
}

// x and weight: which axes are which.  Extents go to the problem, steps to the view.
struct Layout {
  bool bare = false;
  bool batched = false;
  int channel_axis = -1;  // of x; -1 for a bare filter without channels
  int spatial_axis = 0;   // the first of x
  // The channels under a bare filter are images of their own: where an axis of the problem is free
  // they are its last one, without window, so that neighbours in memory are neighbours there.
  bool folded = false;

  int first_axis(int dims) const { return kSpatial - dims - folded; }  // of the problem
};

Layout layout_of(const ConvArguments& a, bool channels_last) {
  const int dims = a.options.dims;
  const Array& x = a.x;
  Layout layout;
  layout.bare = a.weight.ndim == dims;
  if (layout.bare) {
    const int least = dims + channels_last;
    if (x.ndim < least)
      refuse_value(a.options.call, "x has shape ", shape_text(x), "; for a bare weight at least ",
                   std::int64_t{least}, " axes would do");
    layout.spatial_axis = x.ndim - least;
    if (channels_last) layout.channel_axis = x.ndim - 1;
    layout.folded = channels_last && dims < kSpatial;
    return layout;
  }
  if (a.weight.ndim != dims + 2)
    refuse_value(a.options.call, "weight has shape ", shape_text(a.weight), "; ",
                 std::int64_t{dims + 2}, " axes (O, C/groups, taps) or ", std::int64_t{dims},
                 " (a bare filter) would do");
  if (x.ndim != dims + 2 && x.ndim != dims + 1)
    refuse_value(a.options.call, "x has shape ", shape_text(x), "; ", std::int64_t{dims + 2},
                 " axes (",
                 channels_last ? "batch, positions, channels" : "batch, channels, positions",
                 ") or ", std::int64_t{dims + 1}, " (no batch) would do");
  layout.batched = x.ndim == dims + 2;
  layout.channel_axis = channels_last ? x.ndim - 1 : layout.batched;
  layout.spatial_axis = layout.batched + !channels_last;
  return layout;
}

// Images of `view` from an array of this shape: the leading axes, and under a bare filter the
// channels.
void set_view(View& view, Batch& batch, const Layout& layout, int dims, const std::int64_t* shape,
              const std::int64_t* strides) {
  view.batch = &batch;
  if (layout.bare) {
    for (int i = 0; i < layout.spatial_axis; ++i) batch.add(shape[i], strides[i]);
    if (layout.folded)
      view.spatial[kSpatial - 1] = strides[layout.channel_axis];
    else if (layout.channel_axis >= 0)
      batch.add(shape[layout.channel_axis], strides[layout.channel_axis]);
  } else {
    if (layout.batched) batch.add(shape[0], strides[0]);
    view.channel = strides[layout.channel_axis];
  }
  for (int i = 0; i < dims; ++i)
    view.spatial[layout.first_axis(dims) + i] = strides[layout.spatial_axis + i];
}

// What x and a weight that takes `channels` may have been meant to be.
const char* hint(const ConvArguments& a, const Layout& layout, const Problem& p,
                 std::int64_t channels) {
  const int other_axis = p.channels_last ? layout.batched : a.x.ndim - 1;
  if (a.x.shape[other_axis] == channels)
    return p.channels_last ? "; channels_last=False would do" : "; channels_last=True would do";
  // The orders (taps, C, O) and (O, taps, C), told by equal taps.
  const int dims = a.options.dims;
  for (const std::int64_t* taps : {a.weight.shape, a.weight.shape + 1})
    if (dims > 1 && std::equal(taps + 1, taps + dims, taps) &&
        saturating_multiply(taps[dims], p.G) == p.IC)
      return "; a weight with the axes in the order (O, C/groups, taps) would do";
  return "";
}

void set_channels(const ConvArguments& a, const Layout& layout, Problem& p) {
  const Array& x = a.x;
  p.G = validate_integer(a.options.call, "groups", a.options.groups, 1, a.options.describe);
  if (layout.bare) {
    if (p.G != 1)
      refuse_value(a.options.call, "groups ", p.G, " with a bare weight ", shape_text(a.weight),
                   "; groups 1 would do");
    p.IC = p.OC = 1;
    p.N = 1;
    for (int i = 0; i < layout.spatial_axis; ++i) p.N *= x.shape[i];
    if (layout.folded)
      p.axis[kSpatial - 1].in = p.axis[kSpatial - 1].out = x.shape[layout.channel_axis];
    else if (layout.channel_axis >= 0)
      p.N *= x.shape[layout.channel_axis];
    return;
  }
  p.N = layout.batched ? x.shape[0] : 1;
  p.IC = x.shape[layout.channel_axis];
  p.OC = a.weight.shape[0];
  const std::int64_t ICg = a.weight.shape[1];
  if (p.OC % p.G != 0)
    refuse_value(a.options.call, "groups ", p.G, " does not divide the ", p.OC,
                 " output channels of weight ", shape_text(a.weight));
  const std::int64_t taken = saturating_multiply(ICg, p.G);
  if (taken != p.IC)
    refuse_value(a.options.call, "x ", shape_text(x), " has ", p.IC, " channels, weight ",
                 shape_text(a.weight), " with groups ", p.G, " takes ", ICg, " * ", p.G, " = ",
                 taken, hint(a, layout, p, taken));
}

// Whether an integer type holds a value exactly; its bits go to `bits`.
bool holds(Type type, const Value& v, std::int64_t& bits) {
  const int width = type == Type::boolean ? 1 : 8 * static_cast<int>(size_of(type));
  const bool is_signed =
      type == Type::int8 || type == Type::int16 || type == Type::int32 || type == Type::int64;
  bits = v.integer;
  if (v.kind == Value::Kind::huge) return type == Type::uint64 && v.is_uint64;
  if (v.kind == Value::Kind::real) {
    if (!(v.real >= -0x1p63 && v.real < 0x1p64) || v.real != std::floor(v.real)) return false;
    if (v.real >= 0x1p63) {
      bits = static_cast<std::int64_t>(static_cast<std::uint64_t>(v.real));
      return type == Type::uint64;
    }
    bits = static_cast<std::int64_t>(v.real);
  }
  if (!is_signed) return bits >= 0 && (width == 64 || bits >> width == 0);
  return width == 64 ||
         (bits >= -(std::int64_t{1} << (width - 1)) && bits < std::int64_t{1} << (width - 1));
}

void set_border(const ConvArguments& a, Problem& p) {
  const ConvOptions& o = a.options;
  const int mode = validate_word(o.call, "padding_mode", o.padding_mode, kBorderNames,
                                 std::size(kBorderNames), o.describe);
  p.border = kBorders[mode];

  const Value& v = o.padding_value;
  BorderValue& border = p.border_value;
  switch (v.kind) {
    case Value::Kind::boolean:
    case Value::Kind::integer:
      border.value = {static_cast<double>(v.integer), 0};
      break;
    case Value::Kind::huge:
    case Value::Kind::real:
      border.value = {v.real, 0};
      break;
    case Value::Kind::complex:
      if (is_complex(a.x.type)) {
        border.value = {v.real, v.imaginary};
        break;
      }
      [[fallthrough]];
    default:
      refuse_type(o.call, "padding_value ", o.describe.value(v.object), " is not a number; a ",
                  is_complex(a.x.type) ? "complex" : "real", " one would do");
  }
  const bool zero = border.value.real == 0 && border.value.imaginary == 0;
  if (!zero && (p.border != Border::constant || mode == kZeros))
    refuse_value(o.call, "padding_value ", o.describe.value(v.object), " with padding_mode \"",
                 kBorderNames[mode], "\"; 0, or padding_mode \"constant\", would do");
  if (is_integer(a.x.type) && !holds(a.x.type, v, border.integer))
    refuse_value(o.call, "padding_value ", o.describe.value(v.object), " is no ", name_of(a.x.type),
                 "; one that x can hold exactly would do");
}

void set_activation(const ConvArguments& a, Problem& p) {
  const Value& v = a.options.activation;
  if (v.kind == Value::Kind::none) return;
  const bool with_slope = v.kind == Value::Kind::sequence && v.size == 2 && v.items != nullptr &&
                          v.items[0].kind == Value::Kind::text;
  const int index =
      validate_word(a.options.call, "activation", with_slope ? v.items[0] : v, kActivationNames + 1,
                    std::size(kActivationNames) - 1, a.options.describe);
  p.activation = static_cast<Activation>(index + 1);
  if (is_complex(p.sum_type))
    refuse_type(a.options.call, "activation ", a.options.describe.value(v.object),
                " with complex sums; None would do");
  if (is_integer(p.sum_type) && p.activation > Activation::relu6 && !is_float(p.dst_type))
    refuse_type(a.options.call, "activation ", a.options.describe.value(v.object), " with ",
                name_of(p.sum_type), " sums; \"relu\", \"relu6\", or a float dtype= would do");
  p.slope = 0.01;
  if (!with_slope) return;
  if (p.activation != Activation::leaky_relu)
    refuse_value(a.options.call, "activation ", a.options.describe.value(v.object),
                 " takes no parameter; only \"leaky_relu\" does");
  const Value& slope = v.items[1];
  if (slope.kind == Value::Kind::real || slope.kind == Value::Kind::huge)
    p.slope = slope.real;
  else if (slope.kind == Value::Kind::integer)
    p.slope = static_cast<double>(slope.integer);
  else
    refuse_type(a.options.call, "activation slope ", a.options.describe.value(slope.object),
                " is not a number; a real one would do");
}

void set_types(const ConvArguments& a, Problem& p) {
  const ConvOptions& o = a.options;
  require_number(a, "x", a.x);
  require_number(a, "weight", a.weight);
  const Arithmetic arithmetic = arithmetic_of(a.x.type, a.weight.type);
  p.src_type = a.x.type;
  p.weights_type = a.weight.type;
  p.sum_type = arithmetic.sum;
  p.dst_type = o.dtype_given ? o.dtype : arithmetic.result;
  if (p.dst_type == Type::other || p.dst_type == Type::boolean ||
      (is_complex(p.sum_type) && !is_complex(p.dst_type)))
    refuse_type(o.call, "dtype ", o.describe.value(o.dtype_object), " is not to be had from ",
                name_of(p.sum_type), " sums; ",
                is_complex(p.sum_type) ? "a complex" : "an integer, float or complex",
                " dtype would do");
}

// NumPy's same_kind rule: integers to anything, floats to floats, complex numbers to their like.
bool casts_same_kind(Type from, Type to) {
  const auto kind = [](Type t) { return is_integer(t) ? 0 : is_float(t) ? 1 : 2; };
  return from != Type::other && kind(from) <= kind(to);
}

void set_bias(const ConvArguments& a, Problem& p) {
  p.has_bias = a.bias != nullptr;
  if (a.bias == nullptr) return;
  const Array& bias = *a.bias;
  if (!casts_same_kind(bias.type, p.sum_type))
    refuse_type(a.options.call, "bias has dtype ", dtype_text(bias, a.options.describe),
                "; one that casts to ", name_of(p.sum_type),
                " sums by the same_kind rule would do");
  if (bias.ndim != 1 || bias.shape[0] != p.OC)
    refuse_value(a.options.call, "bias has shape ", shape_text(bias), "; ", shape_text(&p.OC, 1),
                 ", one per output channel, would do");
}

void set_axes(const ConvArguments& a, const Layout& layout, Problem& p) {
  std::int64_t sizes[kSpatial], strides[kSpatial], dilations[kSpatial];
  Window windows[kSpatial];
  validate_per_axis(a.options.call, "stride", a.options.stride, a.options.dims, 1, strides,
                    a.options.describe);
  validate_per_axis(a.options.call, "dilation", a.options.dilation, a.options.dims, 1, dilations,
                    a.options.describe);
  for (int i = 0; i < a.options.dims; ++i) {
    sizes[i] = a.x.shape[layout.spatial_axis + i];
    windows[i].kernel = a.weight.shape[a.weight.ndim - a.options.dims + i];
    windows[i].stride = strides[i];
    windows[i].dilation = dilations[i];
    if (windows[i].kernel < 1)
      refuse_value(a.options.call, "weight has shape ", shape_text(a.weight), "; a ",
                   axis_name(a.options.dims, i), " of at least 1 would do");
  }
  validate_padding(a.options.call, a.options.padding, a.options.dims, sizes, windows,
                   a.options.describe);

  for (int i = 0; i < a.options.dims; ++i) {
    Axis& axis = p.axis[layout.first_axis(a.options.dims) + i];
    const Window& w = windows[i];
    axis = {sizes[i], output_extent(w, sizes[i]), w};
    if (axis.out < 1)
      refuse_empty(a.options.call, "weight", a.options.dims, i, a.x.shape + layout.spatial_axis,
                   windows, layout.bare && !p.channels_last && layout.spatial_axis > 0);
    // A step that is never taken may be of any size: cut, it makes no offset that overflows.
    if (axis.out == 1) axis.window.stride = std::min(w.stride, std::max<std::int64_t>(axis.in, 1));
    if (w.kernel == 1) axis.window.dilation = 1;
    if (axis.in == 0 && p.border != Border::constant)
      refuse_value(a.options.call, "x ", axis_name(a.options.dims, i),
                   " 0 has nothing that padding_mode \"", kBorderNames[static_cast<int>(p.border)],
                   "\" could repeat; \"constant\" would do");
  }
}

// Shape of the result, and the strides of a C-contiguous one.
void set_result(const ConvArguments& a, const Layout& layout, Convolution& c) {
  const Problem& p = c.problem;
  c.ndim = a.x.ndim;
  std::copy_n(a.x.shape, c.ndim, c.shape);
  for (int i = 0; i < a.options.dims; ++i)
    c.shape[layout.spatial_axis + i] = p.axis[layout.first_axis(a.options.dims) + i].out;
  if (!layout.bare) c.shape[layout.channel_axis] = p.OC;

  std::int64_t strides[kMaxNdim];
  result_strides(a.options.call, p.dst_type, c.ndim, c.shape, strides);
  set_view(c.dst, c.dst_batch, layout, a.options.dims, c.shape, strides);
}

}  // namespace

void validate_conv(const ConvArguments& a, Convolution& c) {
  Problem& p = c.problem;
  p.dims = a.options.dims;
  p.channels_last =
      validate_flag(a.options.call, "channels_last", a.options.channels_last, a.options.describe);
  p.algorithm = static_cast<Algorithm>(
      validate_word(a.options.call, "algorithm", a.options.algorithm, kAlgorithmNames,
                    std::size(kAlgorithmNames), a.options.describe));
  set_types(a, p);
  const Layout layout = layout_of(a, p.channels_last);
  set_channels(a, layout, p);
  set_border(a, p);
  set_axes(a, layout, p);
  set_bias(a, p);
  set_activation(a, p);
  set_result(a, layout, c);
  set_view(c.src, c.src_batch, layout, a.options.dims, a.x.shape, a.x.strides);
  c.src.data = a.x.data;
}

void validate_out(const ConvArguments& a, const Convolution& c, const Array& out) {
  validate_out(a.options.call, out, c.problem.dst_type, c.ndim, c.shape,
               {{"x", &a.x}, {"weight", &a.weight}, {"bias", a.bias}}, a.options.describe);
}

}  // namespace cconv
