// The route of one convolution: read the arguments, judge them, plan, allocate, run.
#include "bindings/conv.h"

#include <array>
#include <memory>

#include "bindings/arguments.h"
#include "bindings/settings.h"
#include "plan/dense.h"
#include "plan/plan.h"
#include "problem/refusal.h"
#include "problem/validate.h"

namespace cconv {
namespace {

// The arguments of the Python functions, in their order.
enum Position {
  kX, kWeight, kBias, kStride, kPadding, kDilation, kGroups, kPaddingMode, kPaddingValue,
  kActivation, kChannelsLast, kAlgorithm, kDtype, kOut, kArguments
};

constexpr const char* kCalls[] = {"conv1d", "conv2d", "conv3d"};

void read_options(Arguments& arguments, PyObject* const* args, ConvArguments& a) {
  a.stride = arguments.value(args[kStride]);
  a.padding = arguments.value(args[kPadding]);
  a.dilation = arguments.value(args[kDilation]);
  a.groups = arguments.value(args[kGroups]);
  a.padding_mode = arguments.value(args[kPaddingMode]);
  a.padding_value = arguments.value(args[kPaddingValue]);
  a.activation = arguments.value(args[kActivation]);
  a.channels_last = arguments.value(args[kChannelsLast]);
  a.algorithm = arguments.value(args[kAlgorithm]);
  a.describe = describe();
  if (args[kDtype] != Py_None) {
    a.dtype_given = true;
    a.dtype_object = args[kDtype];
    try {
      a.dtype = type_of(py::dtype::from_args(py::reinterpret_borrow<py::object>(args[kDtype])));
    } catch (const py::error_already_set&) {
      a.dtype = Type::other;  // no dtype at all: refused as one that is not to be had
    }
  }
}

// The arguments of one call of a function.
struct Call {
  Arguments arguments;
  Array bias;
  ConvArguments a;

  Call(int dims, PyObject* const* args) : arguments(kCalls[dims - 1]) {
    a.call = kCalls[dims - 1];
    a.dims = dims;
    a.x = arguments.array("x", args[kX]);
    a.weight = arguments.array("weight", args[kWeight], &a.x);
    if (args[kBias] != Py_None) {
      bias = arguments.array("bias", args[kBias]);
      a.bias = &bias;
    }
    read_options(arguments, args, a);
  }
};

// Plans, allocates and runs a judged convolution; `out` may be None.
PyObject* convolve(const ConvArguments& a, Convolution& c, PyObject* out) {
  const Plan plan = make_plan(c.problem);
  const Dense weights(a.weight, c.problem.sum_type);
  const Dense bias = a.bias ? Dense(*a.bias, c.problem.sum_type) : Dense();
  py::object result;
  if (out == Py_None) {
    result = new_array(c.problem.dst_type, c.ndim, c.shape);
  } else {
    validate_out(a, c, out_array(a.call, out));
    result = py::reinterpret_borrow<py::object>(out);
  }
  c.dst.data = reinterpret_cast<std::byte*>(py::detail::array_proxy(result.ptr())->data);
  const Operands operands{c.src, weights.data(), bias.data(), c.dst};

  // Shorter work is done before another thread could take the interpreter lock over.
  constexpr double kSecondsWithLock = 20e-6;
  if (plan.seconds < kSecondsWithLock) {
    Stop stop;
    execute(plan, c.problem, operands, 1, stop);
    return result.release().ptr();
  }
  const int threads = useful_threads(plan, c.problem, threads_allowed());
  Stop stop(poll_signals);
  bool finished = false;
  {
    const py::gil_scoped_release release;
    finished = execute(plan, c.problem, operands, threads, stop);
  }
  if (!finished) throw py::error_already_set();
  return result.release().ptr();
}

void require_arguments(const char* call, Py_ssize_t count, Py_ssize_t wanted) {
  if (count != wanted)
    throw py::type_error(std::string(call) + ": the core takes " + std::to_string(wanted) + " arguments");
}

template <int kDims>
PyObject* conv(PyObject*, PyObject* const* args, Py_ssize_t count) noexcept {
  constexpr const char* kCall = kCalls[kDims - 1];
  return guarded(kCall, [&] {
    require_arguments(kCall, count, kArguments);
    const Call call(kDims, args);
    Convolution c;
    validate_conv(call.a, c);
    return convolve(call.a, c, args[kOut]);
  });
}

// A prepared layer: the options read once, weights and bias copied.
class Layer {
 public:
  // args: as of conv; x and out are not looked at.
  Layer(int dims, PyObject* const* args)
      : arguments_(kCalls[dims - 1]), adopts_type_(is_sequence_of_numbers(args[kWeight])) {
    for (int i = kStride; i < kOut; ++i) options_[i] = py::reinterpret_borrow<py::object>(args[i]);
    a_.call = kCalls[dims - 1];
    a_.dims = dims;
    weight = copy("weight", args[kWeight], a_.weight);
    if (args[kBias] != Py_None) {
      bias = copy("bias", args[kBias], bias_);
      a_.bias = &bias_;
    }
    read_options(arguments_, args, a_);
    try_options();
  }

  PyObject* operator()(PyObject* x, PyObject* out) const {
    Arguments arguments(a_.call);
    Convolution c;
    const ConvArguments a = with_input(arguments, x, c);
    return convolve(a, c, out);
  }

  ConvArguments with_input(Arguments& arguments, PyObject* x, Convolution& c) const {
    ConvArguments a = a_;
    a.x = arguments.array("x", x);
    ConvArguments judged = a;
    if (adopts_type_ && is_float(a.x.type)) judged.weight.type = a.x.type;
    validate_conv(judged, c);
    return a;
  }

  py::object weight;  // the copies, as arrays
  py::object bias = py::none();

 private:
  py::object copy(const char* name, PyObject* object, Array& array) {
    array = arguments_.array(name, object);
    py::object copied = py::handle(static_cast<PyObject*>(const_cast<void*>(array.object))).attr("copy")();
    array = arguments_.array(name, copied.ptr());
    return copied;
  }

  // Judges what can be judged before there is an input: tries a batch of no images, large enough
  // for any window.
  void try_options() {
    ConvArguments a = a_;
    const bool bare = a.weight.ndim == a.dims;
    const bool last = a.channels_last.kind == Value::Kind::boolean && a.channels_last.integer != 0;
    const std::int64_t groups = a.groups.kind == Value::Kind::integer ? a.groups.integer : 1;
    constexpr std::int64_t kLarge = std::int64_t{1} << 62;
    std::int64_t shape[kSpatial + 2] = {0, kLarge, kLarge, kLarge, kLarge};
    shape[last ? a.dims + 1 : 1] =
        bare || a.weight.ndim < 2 ? 1 : saturating_multiply(a.weight.shape[1], groups);
    const std::int64_t strides[kSpatial + 2] = {};
    a.x.type = a.weight.type;
    a.x.ndim = a.dims + 2;
    a.x.shape = shape;
    a.x.strides = strides;
    Convolution c;
    validate_conv(a, c);
    make_plan(c.problem);
  }

  Arguments arguments_;
  std::array<py::object, kArguments> options_;  // keep alive what the values point to
  bool adopts_type_;  // weights came as a list: they take the type of a float input
  ConvArguments a_;
  Array bias_;
};

constexpr const char* kLayerName = "cconv.layer";

PyObject* call_layer(PyObject* capsule, PyObject* const* args, Py_ssize_t count) noexcept {
  return guarded("layer", [&] {
    require_arguments("layer", count, 2);
    const auto* const layer = static_cast<const Layer*>(PyCapsule_GetPointer(capsule, kLayerName));
    return (*layer)(args[0], args[1]);
  });
}

py::dict explanation(const ConvArguments& a, const Convolution& c) {
  using namespace py::literals;
  const Plan plan = make_plan(c.problem);
  const int threads = useful_threads(plan, c.problem, threads_allowed());
  py::dict reasons;
  for (const Verdict& v : verdicts(plan, c.problem))
    reasons[kAlgorithmNames[static_cast<int>(v.algorithm)]] = v.reason;
  return py::dict("call"_a = a.call,
                  "algorithm"_a = kAlgorithmNames[static_cast<int>(plan.room->algorithm())],
                  "reasons"_a = reasons, "tiles"_a = plan.room->tiles(c.problem),
                  "workspace"_a = workspace_of(plan, c.problem, threads), "threads"_a = threads);
}

template <int kDims>
PyObject* explain_conv(PyObject*, PyObject* const* args, Py_ssize_t count) noexcept {
  constexpr const char* kCall = kCalls[kDims - 1];
  return guarded(kCall, [&]() -> PyObject* {
    require_arguments(kCall, count, kArguments);
    const Call call(kDims, args);
    Convolution c;
    validate_conv(call.a, c);
    if (args[kOut] != Py_None) validate_out(call.a, c, out_array(kCall, args[kOut]));
    return explanation(call.a, c).release().ptr();
  });
}

PyObject* explain_layer(PyObject* capsule, PyObject* x) noexcept {
  return guarded("layer", [&]() -> PyObject* {
    const auto* const layer = static_cast<const Layer*>(PyCapsule_GetPointer(capsule, kLayerName));
    Arguments arguments("layer");
    Convolution c;
    const ConvArguments a = layer->with_input(arguments, x, c);
    return explanation(a, c).release().ptr();
  });
}

template <class Function>
PyCFunction as_method(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef layer_call = {"layer", as_method(call_layer), METH_FASTCALL, nullptr};
PyMethodDef layer_explain = {"explain_layer", explain_layer, METH_O, nullptr};

template <int kDims>
PyObject* prepare_conv(PyObject*, PyObject* const* args, Py_ssize_t count) noexcept {
  constexpr const char* kCall = kCalls[kDims - 1];
  return guarded(kCall, [&]() -> PyObject* {
    require_arguments(kCall, count, kArguments);
    auto layer = std::make_unique<Layer>(kDims, args);
    const py::object weight = layer->weight, bias = layer->bias;
    const auto capsule = py::reinterpret_steal<py::object>(
        PyCapsule_New(layer.get(), kLayerName, [](PyObject* owner) {
          delete static_cast<Layer*>(PyCapsule_GetPointer(owner, kLayerName));
        }));
    if (!capsule) throw py::error_already_set();
    layer.release();
    return py::make_tuple(
               py::reinterpret_steal<py::object>(PyCFunction_New(&layer_call, capsule.ptr())),
               py::reinterpret_steal<py::object>(PyCFunction_New(&layer_explain, capsule.ptr())),
               weight, bias)
        .release()
        .ptr();
  });
}

PyMethodDef methods[] = {
    {"conv1d", as_method(conv<1>), METH_FASTCALL, nullptr},
    {"conv2d", as_method(conv<2>), METH_FASTCALL, nullptr},
    {"conv3d", as_method(conv<3>), METH_FASTCALL, nullptr},
    {"prepare_conv1d", as_method(prepare_conv<1>), METH_FASTCALL, nullptr},
    {"prepare_conv2d", as_method(prepare_conv<2>), METH_FASTCALL, nullptr},
    {"prepare_conv3d", as_method(prepare_conv<3>), METH_FASTCALL, nullptr},
    {"explain_conv1d", as_method(explain_conv<1>), METH_FASTCALL, nullptr},
    {"explain_conv2d", as_method(explain_conv<2>), METH_FASTCALL, nullptr},
    {"explain_conv3d", as_method(explain_conv<3>), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void add_conv(py::module_& module) {
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace cconv
