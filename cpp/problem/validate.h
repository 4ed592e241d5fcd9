// Judges the arguments of a call and lays out the work.  Every refusal is one line that names the
// argument, what it got and what would do.
#pragma once

#include <initializer_list>

#include "problem/arguments.h"
#include "problem/problem.h"

namespace cconv {

// A judged convolution: the problem, where src lies, how a result is shaped.  The views refer to
// the batches beside them.
struct Convolution {
  Convolution() = default;
  Convolution(const Convolution&) = delete;
  Convolution& operator=(const Convolution&) = delete;

  Problem problem;
  Batch src_batch, dst_batch;
  View src;
  View dst;  // without data: strides of a C-contiguous result
  int ndim = 0;
  std::int64_t shape[kMaxNdim];
};

// Fills `c`.  Throws Refusal.
void validate_conv(const ConvArguments& arguments, Convolution& c);

// Whether `out` can take the result of `c`.  Throws Refusal.
void validate_out(const ConvArguments& arguments, const Convolution& c, const Array& out);

// Whether `out` can take a result: shape, dtype, writable, C-contiguous, apart from the inputs.
struct Input {
  const char* name;
  const Array* array;  // null: not given
};
void validate_out(const char* call, const Array& out, Type type, int ndim,
                  const std::int64_t* shape, std::initializer_list<Input> inputs,
                  const Describe& describe);

// No window fits along `axis`; `kernel` is the argument that has the windows' sizes.  With
// `leading`, x has an axis before its spatial ones, which may be those that were meant.
[[noreturn]] void refuse_empty(const char* call, const char* kernel, int dims, int axis,
                               const std::int64_t* sizes, const Window* windows, bool leading);

// Strides of a C-contiguous result, one that memory can be asked for.
void result_strides(const char* call, Type type, int ndim, const std::int64_t* shape,
                    std::int64_t* strides);

// The windows of shapes.py: one axis, with the same judgements.  Throws Refusal.
struct AxisArguments {
  const char* call = "output_size";
  Value n, kernel, stride, padding, dilation;
  Describe describe;
};
void validate_axis(const AxisArguments& arguments, std::int64_t& n, Window& window);

// Padding of `dims` axes whose other facts the windows hold.
void validate_padding(const char* call, const Value& padding, int dims, const std::int64_t* sizes,
                      Window* windows, const Describe& describe);

// An int, or one per axis, each at least `least`.
void validate_per_axis(const char* call, const char* name, const Value& value, int dims,
                       std::int64_t least, std::int64_t* result, const Describe& describe);
std::int64_t validate_integer(const char* call, const char* name, const Value& value,
                              std::int64_t least, const Describe& describe);
// The index of a word in a list of names; a refusal lists them.
int validate_word(const char* call, const char* name, const Value& value, const char* const* names,
                  int count, const Describe& describe);
bool validate_flag(const char* call, const char* name, const Value& value,
                   const Describe& describe);

}  // namespace cconv
