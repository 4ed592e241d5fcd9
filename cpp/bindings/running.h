// How work runs under the interpreter lock, or without it.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/settings.h"
#include "runtime/parallel.h"

namespace cconv {

// Calls work(threads, stop): short work with the lock, done before another thread could take it
// over; longer work without it, on as many threads as are allowed.  `seconds` is an estimate.
template <class Work>
void run_work(double seconds, const Work& work) {
  constexpr double kSecondsWithLock = 20e-6;
  if (seconds < kSecondsWithLock) {
    Stop stop;
    work(1, stop);
    return;
  }
  const int threads = threads_allowed();
  Stop stop(poll_signals);
  {
    const Unlocked unlocked;
    work(threads, stop);
  }
  if (stop.requested()) throw pybind11::error_already_set();
}

}  // namespace cconv
