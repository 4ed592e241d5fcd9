// The OpenMP back end; the only file that knows OpenMP.
#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/team.h"

namespace cconv {
namespace {

// An OpenMP runtime that had threads does not survive fork: its teams hang in the child, and the
// runtime may be another library's.  A child therefore uses the pool.
std::atomic<bool> forked{false};
[[maybe_unused]] const int watching_fork =
    pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });

// libgomp ends the process when it cannot create a thread, so this many are created for a try.
// It keeps a team for each calling thread: only growth needs a new try.
int creatable(int threads) {
  thread_local int tried = 1;
  if (threads <= tried) return threads;

  std::mutex mutex;
  std::condition_variable changed;
  bool release = false;
  std::vector<std::thread> probes;
  int got = 1;
  try {
    for (; got < threads; ++got) {
      probes.emplace_back([&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return release; });
      });
    }
    tried = got;
  } catch (const std::exception&) {
    got = std::max(tried, got / 2);  // leave room for what others create meanwhile
  }
  {
    const std::lock_guard lock(mutex);
    release = true;
  }
  changed.notify_all();
  for (std::thread& probe : probes) probe.join();
  return got;
}

}  // namespace

void run_team(int threads, Member member, void* context) {
  if (forked.load(std::memory_order_relaxed)) return pool::run_team(threads, member, context);
  const int team = creatable(threads);
#pragma omp parallel num_threads(team)
  member(context, omp_get_thread_num());
}

const char* team_back_end() { return "openmp"; }

}  // namespace cconv
