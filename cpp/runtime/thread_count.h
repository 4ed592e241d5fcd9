// How many threads a call may use.
#pragma once

namespace cconv {

// The smallest of OMP_NUM_THREADS, the affinity of the calling thread and the container's quota; at
// least 1.
int available_threads();

// The process-wide count: what was set, else what is available.
int process_threads();
void set_process_threads(int threads);

}  // namespace cconv
