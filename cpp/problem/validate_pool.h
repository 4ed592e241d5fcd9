// Judges the arguments of pools and of max_unpool and lays out the work.
#pragma once

#include "problem/arguments.h"
#include "problem/pooling.h"

namespace cconv {

// What a pool was called with; of the options that it does not have, the defaults.
struct PoolArguments {
  const char* call = "max_pool2d";
  Pool pool = Pool::maximum;
  int dims = 2;
  bool adaptive = false;
  Array x;
  Value kernel_size, stride;
  Value padding = Value::of(std::int64_t{0}), dilation = Value::of(std::int64_t{1});
  Value ceil_mode = Value::of(false), return_indices = Value::of(false);
  Value count_include_pad = Value::of(true), divisor_override;
  Value norm_type;
  Value output_size;  // of adaptive pools
  Value channels_last;
  Describe describe;
};

// A judged pool: the problem, where src lies, how the result is shaped.  The views refer to the
// batches beside them.
struct Pooling {
  Pooling() = default;
  Pooling(const Pooling&) = delete;
  Pooling& operator=(const Pooling&) = delete;

  PoolProblem problem;
  Batch src_batch, dst_batch;
  View src;
  View dst;  // without data: strides of a C-contiguous result
  int ndim = 0;
  std::int64_t shape[kMaxNdim];
};

// Fills `p`.  Throws Refusal.
void validate_pool(const PoolArguments& arguments, Pooling& p);

struct UnpoolArguments {
  const char* call = "max_unpool2d";
  int dims = 2;
  Array x, indices;
  Value kernel_size, stride, padding, output_size, channels_last;
  Describe describe;
};

// A judged max_unpool, likewise.
struct Unpooling {
  Unpooling() = default;
  Unpooling(const Unpooling&) = delete;
  Unpooling& operator=(const Unpooling&) = delete;

  UnpoolProblem problem;
  Batch src_batch, indices_batch, dst_batch;
  View src, indices;
  View dst;  // without data
  int ndim = 0;
  std::int64_t shape[kMaxNdim];
};

// Fills `u`.  Throws Refusal.
void validate_unpool(const UnpoolArguments& arguments, Unpooling& u);

// An index that names no place of its plane.
[[noreturn]] void refuse_index(const UnpoolArguments& arguments, const UnpoolProblem& p,
                               std::int64_t index);

}  // namespace cconv
