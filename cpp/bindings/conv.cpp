// The route of one convolution: read the arguments, judge them, plan, allocate, run.
#include "bindings/conv.h"

#include "bindings/arguments.h"
#include "bindings/methods.h"
#include "bindings/results.h"
#include "bindings/running.h"
#include "plan/dense.h"
#include "plan/form.h"
#include "plan/plan.h"
#include "problem/refusal.h"
#include "problem/validate.h"

namespace cconv {

void read_options(Arguments& arguments, PyObject* const* args, int dims, ConvOptions& a) {
  a.call = kCalls[dims - 1];
  a.dims = dims;
  arguments.read(args[kStride], a.stride);
  arguments.read(args[kPadding], a.padding);
  arguments.read(args[kDilation], a.dilation);
  arguments.read(args[kGroups], a.groups);
  arguments.read(args[kPaddingMode], a.padding_mode);
  arguments.read(args[kPaddingValue], a.padding_value);
  arguments.read(args[kActivation], a.activation);
  arguments.read(args[kChannelsLast], a.channels_last);
  arguments.read(args[kAlgorithm], a.algorithm);
  a.describe = describe();
  if (args[kDtype] != Py_None) {
    a.dtype_given = true;
    a.dtype_object = args[kDtype];
    try {
      a.dtype = type_of(py::dtype::from_args(py::reinterpret_borrow<py::object>(args[kDtype])));
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_Exception)) throw;
      a.dtype = Type::other;  // no dtype at all: refused as one that is not to be had
    }
  }
}

PyObject* convolve(const ConvArguments& a, Convolution& c, PyObject* out, const Prepared* kept) {
  find_form(c.problem, a.weight);
  const Plan plan = make_plan(a.options.call, c.problem);
  py::object result;
  if (out == Py_None) {
    result = new_array(c.problem.dst_type, c.ndim, c.shape);
  } else {
    validate_out(a, c, out_array(a.options.call, out));
    result = py::reinterpret_borrow<py::object>(out);
  }
  c.dst.data = data_of(result);
  run_work(plan.seconds, [&](int threads, Stop& stop) {
    const int useful = useful_threads(plan, c.problem, threads);
    if (kept != nullptr && plan.room->prepared_bytes(c.problem) > 0) {
      const std::byte* const ready = kept->get(*plan.room, c.problem, a.weight, a.bias);
      return execute(plan, c.problem, {c.src, nullptr, nullptr, c.dst, ready}, useful, stop);
    }
    const Dense weights(a.weight, c.problem.sum_type);
    const Dense bias = a.bias ? Dense(*a.bias, c.problem.sum_type) : Dense();
    execute(plan, c.problem, {c.src, weights.data(), bias.data(), c.dst, nullptr}, useful, stop);
  });
  return result.release().ptr();
}

py::dict explanation(const ConvArguments& a, Convolution& c) {
  using namespace py::literals;
  find_form(c.problem, a.weight);
  const Plan plan = make_plan(a.options.call, c.problem);
  const int threads = useful_threads(plan, c.problem, threads_allowed());
  py::dict reasons;
  for (const Verdict& v : verdicts(plan, c.problem))
    reasons[kAlgorithmNames[static_cast<int>(v.algorithm)]] = v.reason;
  return py::dict("call"_a = a.options.call,
                  "algorithm"_a = kAlgorithmNames[static_cast<int>(plan.room->algorithm())],
                  "reasons"_a = reasons, "tiles"_a = plan.room->tiles(c.problem),
                  "workspace"_a = workspace_of(plan, c.problem, threads), "threads"_a = threads,
                  "share_of_peak"_a = share_of_peak(plan, c.problem));
}

namespace {

// The arguments of one call of a function.
struct Call {
  Arguments arguments;
  ConvOptions options;
  ConvArguments a{options, {}, {}, nullptr};
  Array bias;

  Call(int dims, PyObject* const* args) : arguments(kCalls[dims - 1]) {
    PyObject* const x = arguments.ndarray("x", args[kX]);
    PyObject* const weight = arguments.ndarray("weight", args[kWeight], x);
    const bool biased = args[kBias] != Py_None;
    PyObject* const offsets = biased ? arguments.ndarray("bias", args[kBias]) : nullptr;
    read_options(arguments, args, dims, options);
    a.x = arguments.array(x);
    a.weight = arguments.array(weight);
    if (!biased) return;
    bias = arguments.bias(offsets);
    a.bias = &bias;
  }
};

PyObject* explain(const ConvArguments& a, Convolution& c, PyObject* out, const Prepared*) {
  if (out != Py_None) validate_out(a, c, out_array(a.options.call, out));
  return explanation(a, c).release().ptr();
}

// Reads and judges the arguments of a convolution and does something with it.
template <int kDims, auto kDo>
PyObject* conv(PyObject*, PyObject* const* args, Py_ssize_t count) noexcept {
  constexpr const char* kCall = kCalls[kDims - 1];
  return guarded(kCall, [&] {
    require_arguments(kCall, count, kArguments);
    const Call call(kDims, args);
    Convolution c;
    validate_conv(call.a, c);
    return kDo(call.a, c, args[kOut], nullptr);
  });
}

PyMethodDef methods[] = {
    method("conv1d", conv<1, convolve>),
    method("conv2d", conv<2, convolve>),
    method("conv3d", conv<3, convolve>),
    method("explain_conv1d", conv<1, explain>),
    method("explain_conv2d", conv<2, explain>),
    method("explain_conv3d", conv<3, explain>),
    {},
};

}  // namespace

void add_conv(py::module_& module) {
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace cconv
