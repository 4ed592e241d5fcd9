// What the machine can do at most, on the threads of process_threads(), and how near a benchmark
// comes to it.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

#include "problem/types.h"
#include "tensor.h"

namespace cconv::bench {

// Seconds of the process on one thread, so that other work of the machine does not count; on
// several, which may wait for each other, seconds on the wall.
double now();

// Runs chains of multiply-adds on every thread; the FLOP they did.
double run_fma(Type type);

// Two arrays that take `bytes` together; each thread has a part of its own in both.
class CopyPair {
 public:
  explicit CopyPair(std::int64_t bytes);

  // Copies, or reads the first, so often that waking the threads does not count; the bytes moved.
  double copy() const;
  double read() const;

 private:
  template <class F>
  double repeat(std::int64_t bytes, const F& run) const;

  std::int64_t part_;
  Tensor src_, dst_;
};

// The best of several runs, measured when first asked for and kept.
double fma_rate(Type type);            // FLOP/s
double copy_rate(std::int64_t bytes);  // bytes/s

// What a run has to do at least: its arithmetic in this type, its inputs read once and its result
// written once.
struct Work {
  double flop = 0;
  std::int64_t bytes = 0;
  Type type = Type::float32;
};

// Seconds that the slower of arithmetic and memory takes at its limit.
double seconds_at_least(const Work& work);

// Times `run`.  Counters: FLOP and bytes per second, and the least possible time in percent of the
// time taken.
template <class F>
void measure(benchmark::State& state, const Work& work, const F& run) {
  using benchmark::Counter;
  const double least = seconds_at_least(work);
  run();  // the first write to a fresh page costs many times the others
  const double start = now();
  for (auto _ : state) run();
  const double taken = now() - start;
  if (work.flop > 0)
    state.counters["FLOP"] = Counter(work.flop, Counter::kIsIterationInvariantRate);
  state.counters["bytes"] =
      Counter(static_cast<double>(work.bytes), Counter::kIsIterationInvariantRate);
  state.counters["limit%"] = 100 * least * static_cast<double>(state.iterations()) / taken;
}

}  // namespace cconv::bench
