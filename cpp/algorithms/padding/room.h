// Padded copies: arrays with a border, of any element size and number of axes.
#pragma once

#include <cstdint>

#include "problem/padding.h"
#include "runtime/parallel.h"

namespace cconv::padding {

// Estimated seconds on one thread.
double cost(const PadProblem& p);

// Fills p.dst until done or stopped.  Takes no memory.
void run(const PadProblem& p, int threads, Stop& stop);

}  // namespace cconv::padding
