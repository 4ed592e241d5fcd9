// max_unpool: values put back where a maximum found them, zeros elsewhere.
#pragma once

#include <optional>

#include "problem/pooling.h"
#include "runtime/parallel.h"

namespace cconv::unpooling {

// Estimated seconds on one thread.
double cost(const UnpoolProblem& problem);

// Runs until done or stopped.  Where two values name one place the last in C order stays.  Returns
// the first index that names no place of its plane (of uint64 the bits); dst is then undefined.
std::optional<std::int64_t> run(const UnpoolProblem& problem, const View& src, const View& indices,
                                const View& dst, int threads, Stop& stop);

}  // namespace cconv::unpooling
