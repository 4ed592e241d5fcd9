// Threads, environment, configuration.
#pragma once

#include <pybind11/pybind11.h>

namespace cconv {

void add_settings(pybind11::module_& module);

// The threads a call may use now: the context's, the process's, what there is.
int threads_allowed();

// Asks Python whether a signal handler wants the call to end; the calling thread does not hold the
// interpreter lock.
bool poll_signals();

}  // namespace cconv
