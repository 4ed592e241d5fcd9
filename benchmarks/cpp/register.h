// The groups of benchmarks; main.cpp registers them all, under names that --benchmark_filter takes.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <utility>

#include "limits.h"
#include "runtime/thread_count.h"

namespace cconv::bench {

void register_machine();
void register_convolution();
void register_pooling();
void register_padding();

// Timed as limits are: see now().
template <class... A>
void add(const std::string& name, A&&... function_and_arguments) {
  auto* const added =
      benchmark::RegisterBenchmark(name.c_str(), std::forward<A>(function_and_arguments)...);
  if (process_threads() > 1) added->UseRealTime();
}

}  // namespace cconv::bench
