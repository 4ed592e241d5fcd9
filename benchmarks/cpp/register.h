// The groups of benchmarks; main.cpp registers them all, under names that --benchmark_filter takes.
#pragma once

#include <benchmark/benchmark.h>

#include <string>

#include "limits.h"

namespace cconv::bench {

void register_machine();
void register_convolution();
void register_pooling();
void register_padding();

// Threads work: only the time on the wall says what a run took.
template <class... A>
void add(const std::string& name, A&&... function_and_arguments) {
  benchmark::RegisterBenchmark(name.c_str(), std::forward<A>(function_and_arguments)...)
      ->UseRealTime();
}

}  // namespace cconv::bench
