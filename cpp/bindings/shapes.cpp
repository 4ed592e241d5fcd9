#include "bindings/shapes.h"

#include <utility>

#include "bindings/arguments.h"
#include "problem/refusal.h"
#include "problem/validate.h"

namespace cconv {
namespace {

// One axis, read and judged.
struct OneAxis {
  Arguments arguments;
  std::int64_t n = 0;
  Window window;

  OneAxis(const char* call, py::handle extent, py::handle kernel, py::handle stride,
          py::handle padding, py::handle dilation)
      : arguments(call) {
    const auto read = [&](py::handle object) { return arguments.value(object.ptr()); };
    validate_axis(
        {call, read(extent), read(kernel), read(stride), read(padding), read(dilation), describe()},
        n, window);
  }
  bool flag(const char* call, const char* name, py::handle value) {
    return validate_flag(call, name, arguments.value(value.ptr()), describe());
  }
};

py::int_ output_size(py::handle n, py::handle kernel, py::handle stride, py::handle padding,
                     py::handle dilation, py::handle ceil_mode) {
  OneAxis axis("output_size", n, kernel, stride, padding, dilation);
  return output_extent(axis.window, axis.n, axis.flag("output_size", "ceil_mode", ceil_mode));
}

py::int_ transposed_output_size(py::handle n, py::handle kernel, py::handle stride,
                                py::handle padding, py::handle output_padding,
                                py::handle dilation) {
  OneAxis axis("transposed_output_size", n, kernel, stride, padding, dilation);
  const std::int64_t extra =
      validate_integer("transposed_output_size", "output_padding",
                       axis.arguments.value(output_padding.ptr()), 0, describe());
  return transposed_extent(axis.window, axis.n, extra);
}

py::tuple same_padding(py::handle n, py::handle kernel, py::handle stride, py::handle dilation,
                       py::handle lower) {
  const py::int_ none(0);
  OneAxis axis("same_padding", n, kernel, stride, none, dilation);
  pad_same(axis.window, axis.n, axis.flag("same_padding", "lower", lower));
  return py::make_tuple(axis.window.before, axis.window.after);
}

// One layer of a stack, for the function `call`.
py::int_ window_span(const char* call, py::handle kernel, py::handle stride, py::handle dilation) {
  const py::int_ none(0);
  return span(OneAxis(call, none, kernel, stride, none, dilation).window);
}

py::list resolve_padding(py::handle padding, py::handle sizes, py::handle kernel, py::handle stride,
                         py::handle dilation) {
  constexpr const char* kCall = "resolve_padding";
  Arguments arguments(kCall);
  const Value extents = arguments.value(sizes.ptr());
  const int dims = extents.kind == Value::Kind::sequence && extents.items != nullptr
                       ? static_cast<int>(extents.size)
                       : 0;
  if (dims < 1)
    throw Refusal(Refusal::Kind::value, std::string(kCall) + ": sizes " +
                                            describe().value(sizes.ptr()) +
                                            " is no sequence of extents; 1 to 3 of them would do");
  std::int64_t n[kSpatial], kernels[kSpatial], strides[kSpatial], dilations[kSpatial];
  const auto read = [&](const char* name, py::handle object, std::int64_t least, std::int64_t* to) {
    validate_per_axis(kCall, name, arguments.value(object.ptr()), dims, least, to, describe());
  };
  read("sizes", sizes, 0, n);
  read("kernel", kernel, 1, kernels);
  read("stride", stride, 1, strides);
  read("dilation", dilation, 1, dilations);
  Window windows[kSpatial];
  for (int i = 0; i < dims; ++i) windows[i] = {kernels[i], strides[i], dilations[i], 0, 0};
  validate_padding(kCall, arguments.value(padding.ptr()), dims, n, windows, describe());
  py::list pairs;
  for (int i = 0; i < dims; ++i) pairs.append(py::make_tuple(windows[i].before, windows[i].after));
  return pairs;
}

}  // namespace

void add_shapes(py::module_& module) {
  module.def("output_size", output_size);
  module.def("transposed_output_size", transposed_output_size);
  module.def("same_padding", same_padding);
  module.def("span", window_span);
  module.def("resolve_padding", resolve_padding);
}

}  // namespace cconv
