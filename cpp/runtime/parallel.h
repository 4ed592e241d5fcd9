// parallel_for: items handed to a team of threads, one at a time, until they are done or the caller
// wants to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace cconv {

// Set when a long call is to end early.  `poll` is asked now and then, on the calling thread only,
// whether somebody wants that (Ctrl-C).
class Stop {
 public:
  using Poll = bool (*)();
  Stop() = default;
  explicit Stop(Poll poll) : poll_(poll), asked_(Clock::now()) {}

  bool requested() const { return requested_.load(std::memory_order_relaxed); }

  // Called between items by the calling thread; asks `poll` when a tenth of a second has passed.
  void poll_when_due() {
    if (poll_ == nullptr) return;
    const auto now = Clock::now();
    if (now - asked_ < std::chrono::milliseconds(100)) return;
    if (poll_()) requested_.store(true, std::memory_order_relaxed);
    asked_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;

  Poll poll_ = nullptr;
  Clock::time_point asked_;
  std::atomic<bool> requested_{false};
};

// Threads worth using of those allowed: none is started for less work than it costs to wake it.
int threads_worth(double seconds, int allowed);

using Item = void (*)(const void* context, std::int64_t item, int worker);

// Calls work(context, item, worker) once for each item in [0, items), on at most `threads` threads,
// worker in [0, threads) naming the thread.  A thread has a share of neighbouring items, which it
// runs in ascending order before it takes over some of others'.  A call made inside another
// parallel_for runs serially.  After a stop some items may not have been run.
// `work` must not throw; memory it needs is taken before.
void parallel_for(std::int64_t items, int threads, Stop& stop, Item work, const void* context);

template <class F>
void parallel_for(std::int64_t items, int threads, Stop& stop, const F& work) {
  parallel_for(
      items, threads, stop,
      [](const void* f, std::int64_t item, int worker) {
        (*static_cast<const F*>(f))(item, worker);
      },
      &work);
}

}  // namespace cconv
