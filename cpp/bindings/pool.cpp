// The route of one pool: read the arguments, judge them, allocate, run.
#include "bindings/pool.h"

#include <span>

#include "algorithms/pooling/room.h"
#include "algorithms/unpooling/room.h"
#include "bindings/arguments.h"
#include "bindings/methods.h"
#include "bindings/results.h"
#include "bindings/running.h"
#include "problem/validate.h"
#include "problem/validate_pool.h"

namespace cconv {
namespace {

// Judges, allocates and runs a pool whose options are read.
PyObject* pool(Arguments& arguments, PoolArguments& a, PyObject* x, PyObject* out) {
  a.describe = describe();
  a.x = arguments.array(arguments.ndarray("x", x));
  Pooling c;
  validate_pool(a, c);
  const PoolProblem& p = c.problem;
  py::object result, indices;
  if (out == Py_None) {
    result = new_array(p.dst_type, c.ndim, c.shape);
  } else {
    validate_out(a.call, out_array(a.call, out), p.dst_type, c.ndim, c.shape, {{"x", &a.x}},
                 a.describe);
    result = py::reinterpret_borrow<py::object>(out);
  }
  if (p.wants_indices) indices = new_array(Type::int64, c.ndim, c.shape);
  c.dst.data = data_of(result);
  auto* const places =
      p.wants_indices ? reinterpret_cast<std::int64_t*>(data_of(indices)) : nullptr;
  const double seconds = pooling::cost(p);
  run_work(seconds, [&](int threads, Stop& stop) {
    pooling::run(p, c.src, c.dst, places, threads_worth(seconds, threads), stop);
  });
  return p.wants_indices ? py::make_tuple(result, indices).release().ptr() : result.release().ptr();
}

// A pool as Python calls it: its name in one, two and three dimensions, and what its arguments
// between x and out are.
struct Operation {
  const char* names[kSpatial];
  Pool pool;
  bool adaptive;
  std::span<Value PoolArguments::*const> options;
};

using A = PoolArguments;
constexpr Value A::*kMaxOptions[] = {&A::kernel_size,  &A::stride,    &A::padding,
                                     &A::dilation,     &A::ceil_mode, &A::return_indices,
                                     &A::channels_last};
constexpr Value A::*kAvgOptions[] = {
    &A::kernel_size,       &A::stride,           &A::padding,  &A::ceil_mode,
    &A::count_include_pad, &A::divisor_override, &A::dilation, &A::channels_last};
constexpr Value A::*kLpOptions[] = {&A::norm_type, &A::kernel_size, &A::stride,       &A::ceil_mode,
                                    &A::padding,   &A::dilation,    &A::channels_last};
constexpr Value A::*kAdaptiveMaxOptions[] = {&A::output_size, &A::return_indices,
                                             &A::channels_last};
constexpr Value A::*kAdaptiveAvgOptions[] = {&A::output_size, &A::channels_last};

constexpr Operation kMax = {
    {"max_pool1d", "max_pool2d", "max_pool3d"}, Pool::maximum, false, kMaxOptions};
constexpr Operation kAvg = {
    {"avg_pool1d", "avg_pool2d", "avg_pool3d"}, Pool::average, false, kAvgOptions};
constexpr Operation kLp = {{"lp_pool1d", "lp_pool2d", "lp_pool3d"}, Pool::norm, false, kLpOptions};
constexpr Operation kAdaptiveMax = {
    {"adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"},
    Pool::maximum,
    true,
    kAdaptiveMaxOptions};
constexpr Operation kAdaptiveAvg = {
    {"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"},
    Pool::average,
    true,
    kAdaptiveAvgOptions};

template <const Operation& kOperation, int kDims>
PyObject* call_pool(PyObject*, PyObject* const* args, Py_ssize_t count) noexcept {
  constexpr const char* kCall = kOperation.names[kDims - 1];
  return guarded(kCall, [&] {
    constexpr auto kOptions = kOperation.options;
    require_arguments(kCall, count, kOptions.size() + 2);
    PoolArguments a;
    a.call = kCall;
    a.pool = kOperation.pool;
    a.dims = kDims;
    a.adaptive = kOperation.adaptive;
    Arguments arguments(kCall);
    for (std::size_t i = 0; i < kOptions.size(); ++i) arguments.read(args[i + 1], a.*kOptions[i]);
    return pool(arguments, a, args[0], args[count - 1]);
  });
}

constexpr const char* kUnpoolCalls[] = {"max_unpool1d", "max_unpool2d", "max_unpool3d"};

enum UnpoolPosition {
  kX,
  kIndices,
  kKernelSize,
  kStride,
  kPadding,
  kOutputSize,
  kChannelsLast,
  kUnpoolArguments
};

template <int kDims>
PyObject* max_unpool(PyObject*, PyObject* const* args, Py_ssize_t count) noexcept {
  constexpr const char* kCall = kUnpoolCalls[kDims - 1];
  return guarded(kCall, [&] {
    require_arguments(kCall, count, kUnpoolArguments);
    UnpoolArguments a;
    a.call = kCall;
    a.dims = kDims;
    a.describe = describe();
    Arguments arguments(kCall, kSpatial + 2);
    arguments.read(args[kKernelSize], a.kernel_size);
    arguments.read(args[kStride], a.stride);
    arguments.read(args[kPadding], a.padding);
    arguments.read(args[kOutputSize], a.output_size);
    arguments.read(args[kChannelsLast], a.channels_last);
    PyObject* const x = arguments.ndarray("x", args[kX]);
    PyObject* const indices = arguments.ndarray("indices", args[kIndices]);
    a.x = arguments.array(x);
    a.indices = arguments.array(indices);
    Unpooling u;
    validate_unpool(a, u);
    py::object result = new_array(u.problem.type, u.ndim, u.shape);
    u.dst.data = data_of(result);
    const double seconds = unpooling::cost(u.problem);
    std::optional<std::int64_t> misplaced;
    run_work(seconds, [&](int threads, Stop& stop) {
      misplaced =
          unpooling::run(u.problem, u.src, u.indices, u.dst, threads_worth(seconds, threads), stop);
    });
    if (misplaced) refuse_index(a, u.problem, *misplaced);
    return result.release().ptr();
  });
}

template <const Operation& kOperation, int kDims>
PyMethodDef pool_method() {
  return method(kOperation.names[kDims - 1], call_pool<kOperation, kDims>);
}

PyMethodDef methods[] = {
    pool_method<kMax, 1>(),
    pool_method<kMax, 2>(),
    pool_method<kMax, 3>(),
    pool_method<kAvg, 1>(),
    pool_method<kAvg, 2>(),
    pool_method<kAvg, 3>(),
    pool_method<kLp, 1>(),
    pool_method<kLp, 2>(),
    pool_method<kLp, 3>(),
    pool_method<kAdaptiveMax, 1>(),
    pool_method<kAdaptiveMax, 2>(),
    pool_method<kAdaptiveMax, 3>(),
    pool_method<kAdaptiveAvg, 1>(),
    pool_method<kAdaptiveAvg, 2>(),
    pool_method<kAdaptiveAvg, 3>(),
    method(kUnpoolCalls[0], max_unpool<1>),
    method(kUnpoolCalls[1], max_unpool<2>),
    method(kUnpoolCalls[2], max_unpool<3>),
    {},
};

}  // namespace

void add_pool(py::module_& module) {
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace cconv
