// The item loop of every back end: each thread of a team has a share of neighbouring items, and
// when it is through with these it draws from what is left of the others'.
#include "runtime/parallel.h"

#include <algorithm>

#include "runtime/team.h"

namespace cconv {
namespace {

constexpr int kMostShares = 64;

// Neighbours have input in common, and results that one thread is likely to write again and again.
struct alignas(64) Share {
  std::atomic<std::int64_t> next;
  std::int64_t end;
};

struct Loop {
  Stop& stop;
  Item work;
  const void* context;
  int shares;
  Share* share;
};

thread_local bool in_team = false;

void draw_items(void* context, int worker) {
  Loop& loop = *static_cast<Loop*>(context);
  const bool nested = in_team;
  in_team = true;
  for (int i = 0; i < loop.shares; ++i) {
    Share& share = loop.share[(worker + i) % loop.shares];
    while (!loop.stop.requested()) {
      const std::int64_t item = share.next.fetch_add(1, std::memory_order_relaxed);
      if (item >= share.end) break;
      loop.work(loop.context, item, worker);
      if (worker == 0) loop.stop.poll_when_due();
    }
  }
  in_team = nested;
}

}  // namespace

int threads_worth(double seconds, int allowed) {
  constexpr double kSecondsPerThread = 15e-6;
  if (!(seconds > kSecondsPerThread)) return 1;  // nor for what is no number
  return static_cast<int>(
      std::min(seconds / kSecondsPerThread, static_cast<double>(std::max(allowed, 1))));
}

void parallel_for(std::int64_t items, int threads, Stop& stop, Item work, const void* context) {
  if (threads > items) threads = static_cast<int>(items);
  if (threads <= 1 || in_team) {
    Share all{0, items};
    Loop loop{stop, work, context, 1, &all};
    return draw_items(&loop, 0);
  }
  Share share[kMostShares];
  Loop loop{stop, work, context, std::min(threads, kMostShares), share};
  for (int i = 0; i < loop.shares; ++i) {
    share[i].next = i * items / loop.shares;
    share[i].end = (i + 1) * items / loop.shares;
  }
  run_team(threads, draw_items, &loop);
}

}  // namespace cconv
