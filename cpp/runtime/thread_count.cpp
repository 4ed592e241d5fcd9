// Counts the processors this process may use: affinity, control groups (versions 1 and 2),
// OMP_NUM_THREADS.
#include "runtime/thread_count.h"

#include <algorithm>
#include <atomic>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace cconv {
namespace {

constexpr int kUnlimited = INT_MAX;

int affinity() {
#if defined(__linux__)
  // Sets grow until the kernel's fits (more than 1024 processors).
  for (int size = 1024; size <= 1 << 20; size *= 4) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(size),
                                                               [](cpu_set_t* s) { CPU_FREE(s); });
    if (!set) break;
    if (sched_getaffinity(0, CPU_ALLOC_SIZE(size), set.get()) == 0)
      return std::max(1, CPU_COUNT_S(CPU_ALLOC_SIZE(size), set.get()));
  }
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

#if defined(__linux__)
// Processors that may be used when `quota` of every `period` microseconds may be.
int processors(double quota, double period) {
  if (!(quota > 0 && period > 0)) return kUnlimited;
  return static_cast<int>(std::min(std::ceil(quota / period), double{kUnlimited}));
}

int container_quota() {
  const auto read = [](const char* path, double* a, double* b) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "r"), std::fclose);
    return file ? std::fscanf(file.get(), "%lf %lf", a, b) : 0;
  };
  double quota = 0, period = 0, unused = 0;
  if (read("/sys/fs/cgroup/cpu.max", &quota, &period) == 2) return processors(quota, period);
  if (read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &quota, &unused) >= 1 &&
      read("/sys/fs/cgroup/cpu/cpu.cfs_period_us", &period, &unused) >= 1)
    return processors(quota, period);
  return kUnlimited;
}
#else
int container_quota() { return kUnlimited; }
#endif

// The first number of OMP_NUM_THREADS ("4" or "4,2"); what does not parse is OpenMP's to report.
int openmp_wish() {
  const char* const text = std::getenv("OMP_NUM_THREADS");
  if (text == nullptr) return kUnlimited;
  const long wish = std::strtol(text, nullptr, 10);
  return wish >= 1 && wish <= INT_MAX ? static_cast<int>(wish) : kUnlimited;
}

std::atomic<int> explicit_threads{0};  // 0: not set

}  // namespace

int available_threads() {
  static const int fixed = std::min(container_quota(), openmp_wish());
  return std::min(fixed, affinity());
}

int process_threads() {
  const int set = explicit_threads.load(std::memory_order_relaxed);
  return set > 0 ? set : available_threads();
}

void set_process_threads(int threads) {
  explicit_threads.store(threads, std::memory_order_relaxed);
}

}  // namespace cconv
