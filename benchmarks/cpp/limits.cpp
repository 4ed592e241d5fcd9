#include "limits.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <map>

#include "kernel.h"
#include "runtime/parallel.h"
#include "runtime/thread_count.h"
#include "runtime/workspace.h"

namespace cconv::bench {
namespace {

template <class F>
void on_every_thread(const F& run) {
  Stop stop;
  const int threads = process_threads();
  parallel_for(threads, threads, stop, [&](std::int64_t item, int) { run(item); });
}

// `run` returns how much it did; the most it did per second.
template <class F>
double best_rate(const F& run) {
  double best = 0;
  for (int i = 0; i < 7; ++i) {
    const double start = now();
    const double done = run();
    best = std::max(best, done / (now() - start));
  }
  return best;
}

}  // namespace

double now() {
  if (process_threads() == 1) return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double run_fma(Type type) {
  constexpr std::int64_t kSteps = 100'000;
  const Kernels& k = kernels();
  const bool narrow = type == Type::float32;
  on_every_thread([&](std::int64_t) {
    if (narrow)
      benchmark::DoNotOptimize(k.chains_float32(kSteps, 0.5f, 1.0f));
    else
      benchmark::DoNotOptimize(k.chains_float64(kSteps, 0.5, 1.0));
  });
  return (narrow ? k.flop_float32 : k.flop_float64) * kSteps * process_threads();
}

CopyPair::CopyPair(std::int64_t bytes)
    : part_(round_up(std::max<std::int64_t>(bytes / 2 / process_threads(), 1), kCacheLine)),
      src_({part_ * process_threads() / 4}),
      dst_({part_ * process_threads() / 4}) {}

template <class F>
double CopyPair::repeat(std::int64_t bytes, const F& run) const {
  constexpr std::int64_t kLeast = std::int64_t{8} << 20;
  const std::int64_t repeats = std::max<std::int64_t>(kLeast / part_, 1);
  on_every_thread([&](std::int64_t thread) {
    for (std::int64_t i = 0; i < repeats; ++i) run(thread * part_);
  });
  return static_cast<double>(bytes * repeats * process_threads());
}

double CopyPair::copy() const {
  return repeat(2 * part_, [&](std::int64_t at) {
    std::memcpy(dst_.data() + at, src_.data() + at, static_cast<std::size_t>(part_));
    benchmark::ClobberMemory();
  });
}

double CopyPair::read() const {
  return repeat(part_, [&, read = kernels().read](std::int64_t at) {
    benchmark::DoNotOptimize(read(src_.data() + at, part_));
  });
}

double fma_rate(Type type) {
  static std::map<Type, double> known;
  const auto [entry, fresh] = known.try_emplace(type);
  if (fresh) entry->second = best_rate([&] { return run_fma(type); });
  return entry->second;
}

double copy_rate(std::int64_t bytes) {
  static std::map<std::int64_t, double> known;
  const auto [entry, fresh] = known.try_emplace(bytes);
  if (fresh) {
    const CopyPair pair(bytes);
    entry->second = best_rate([&] { return pair.copy(); });
  }
  return entry->second;
}

double seconds_at_least(const Work& work) {
  return std::max(work.flop / fma_rate(work.type),
                  static_cast<double>(work.bytes) / copy_rate(work.bytes));
}

}  // namespace cconv::bench
