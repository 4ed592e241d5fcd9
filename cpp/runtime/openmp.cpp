// The OpenMP back end; the only file that knows OpenMP.
#include <omp.h>
#include <pthread.h>

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

// libgomp ends the process when it cannot create a thread, so the threads a team wants beyond those
// its runtime keeps are created for a try; the number to be had.
int creatable(int threads) {
  std::mutex mutex;
  std::condition_variable changed;
  bool release = false;
  std::vector<std::thread> probes;
  int got = 0;
  try {
    for (; got < threads; ++got) {
      probes.emplace_back([&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return release; });
      });
    }
  } catch (const std::exception&) {
    got /= 2;  // leave room for what others create meanwhile
  }
  {
    const std::lock_guard lock(mutex);
    release = true;
  }
  changed.notify_all();
  for (std::thread& probe : probes) probe.join();
  return got;
}

// Threads of the calling thread's last team: the runtime keeps those, and lets the rest go when a
// team is smaller than the one before.
thread_local int kept = 1;

}  // namespace

void run_team(int threads, Member member, void* context) {
  if (forked.load(std::memory_order_relaxed)) return pool::run_team(threads, member, context);
  const int team = threads <= kept ? threads : kept + creatable(threads - kept);
#pragma omp parallel num_threads(team)
  {
    const int worker = omp_get_thread_num();
    if (worker == 0) kept = omp_get_num_threads();
    member(context, worker);
  }
}

const char* team_back_end() { return "openmp"; }

}  // namespace cconv
