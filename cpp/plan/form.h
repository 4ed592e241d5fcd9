// What the values of weights allow.
#pragma once

#include "problem/arguments.h"
#include "problem/problem.h"

namespace cconv {

// Looks at the weights of a judged problem where that can pay.  Throws std::bad_alloc.
Form form_of(const Problem& problem, const Array& weight);

}  // namespace cconv
