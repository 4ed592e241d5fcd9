// The std::thread back end: a process-wide pool whose idle threads join whichever team wants them.
// A caller always works itself and never waits for a thread that has not joined, so any number of
// callers make progress.
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>

#include "runtime/team.h"

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace cconv::pool {
namespace {

struct Team {
  Member member;
  void* context;
  int wanted;      // threads, the caller included
  int joined = 1;  // ever
  int active = 0;  // now, without the caller
  Team* next = nullptr;
};

class Pool {
 public:
  void run(int threads, Member member, void* context) {
    Team team{member, context, threads};
    std::unique_lock lock(mutex_);
    grow(threads - 1);
    open(team);
    wake_.notify_all();
    lock.unlock();

    member(context, 0);

    lock.lock();
    close(team);
    left_.wait(lock, [&] { return team.active == 0; });
  }

 private:
  void grow(int threads) {
    try {
      for (; size_ < threads; ++size_) std::thread([this] { serve(); }).detach();
    } catch (const std::exception&) {
      // Fewer threads: the team is smaller.
    }
  }

  void open(Team& team) {
    Team** end = &open_;
    while (*end != nullptr) end = &(*end)->next;
    *end = &team;
  }

  void close(Team& team) {
    Team** link = &open_;
    while (*link != &team) link = &(*link)->next;
    *link = team.next;
  }

  Team* joinable() {
    Team* team = open_;
    while (team != nullptr && team->joined == team->wanted) team = team->next;
    return team;
  }

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      Team* team = nullptr;
      wake_.wait(lock, [&] { return (team = joinable()) != nullptr; });
      const int worker = team->joined++;
      ++team->active;
      lock.unlock();
      team->member(team->context, worker);
      lock.lock();
      if (--team->active == 0) left_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable left_;
  Team* open_ = nullptr;  // in the order they came
  int size_ = 0;
};

// Never destroyed: its threads live as long as the process.  A forked child has none of them and
// begins a pool of its own.
std::atomic<Pool*> current{nullptr};
#if !defined(_WIN32)
[[maybe_unused]] const int watching_fork =
    pthread_atfork(nullptr, nullptr, [] { current.store(nullptr, std::memory_order_relaxed); });
#endif

// Null when there is no memory for one.
Pool* the_pool() {
  Pool* pool = current.load(std::memory_order_acquire);
  if (pool == nullptr) {
    auto* const made = new (std::nothrow) Pool;
    if (current.compare_exchange_strong(pool, made, std::memory_order_acq_rel)) return made;
    delete made;
  }
  return pool;
}

}  // namespace

void run_team(int threads, Member member, void* context) {
  if (Pool* const pool = the_pool())
    pool->run(threads, member, context);
  else
    member(context, 0);
}

}  // namespace cconv::pool

#if !defined(CCONV_POOL_IS_SPARE)
namespace cconv {

void run_team(int threads, Member member, void* context) {
  pool::run_team(threads, member, context);
}
const char* team_back_end() { return "pool"; }

}  // namespace cconv
#endif
