// Threads, environment, configuration.
#pragma once

#include <pybind11/pybind11.h>

namespace cconv {

void add_settings(pybind11::module_& module);

// The threads a call may use now: the context's, the process's, what there is.
int threads_allowed();

// Releases the interpreter lock for as long as it lives.  A thread does not come back to an
// interpreter that is ending, which would unwind it through C++: it waits for the process to end.
class Unlocked {
 public:
  Unlocked() : state_(PyEval_SaveThread()) {}
  ~Unlocked();
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_;
};

// Asks Python whether a signal handler wants the call to end; the calling thread is Unlocked.
bool poll_signals();

}  // namespace cconv
