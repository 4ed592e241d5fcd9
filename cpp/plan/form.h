// What the values of weights allow.
#pragma once

#include "problem/arguments.h"
#include "problem/problem.h"

namespace cconv {

// Notes what the weights of a judged problem are, where that can pay.  Throws std::bad_alloc.
void find_form(Problem& problem, const Array& weight);

}  // namespace cconv
