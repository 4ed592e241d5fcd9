// Pools: what windows hold, reduced to a maximum, an average or a norm.
#pragma once

#include "problem/pooling.h"
#include "runtime/parallel.h"

namespace cconv::pooling {

// Estimated seconds on one thread.
double cost(const PoolProblem& problem);

// Runs until done or stopped.  `indices`, of maxima: null, or of dst's shape, C-contiguous.  Throws
// std::bad_alloc before the first write to the result.
void run(const PoolProblem& problem, const View& src, const View& dst, std::int64_t* indices,
         int threads, Stop& stop);

}  // namespace cconv::pooling
