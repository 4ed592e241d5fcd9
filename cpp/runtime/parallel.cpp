// The item loop of every back end: threads of a team draw items from one counter.
#include "runtime/parallel.h"

#include <algorithm>

#include "runtime/team.h"

namespace cconv {
namespace {

struct Loop {
  std::int64_t items;
  Stop& stop;
  Item work;
  const void* context;
  std::atomic<std::int64_t> next{0};
};

thread_local bool in_team = false;

void draw_items(void* context, int worker) {
  Loop& loop = *static_cast<Loop*>(context);
  const bool nested = in_team;
  in_team = true;
  while (!loop.stop.requested()) {
    const std::int64_t item = loop.next.fetch_add(1, std::memory_order_relaxed);
    if (item >= loop.items) break;
    loop.work(loop.context, item, worker);
    if (worker == 0) loop.stop.poll_when_due();
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
  Loop loop{items, stop, work, context};
  if (threads > items) threads = static_cast<int>(items);
  if (threads <= 1 || in_team) {
    draw_items(&loop, 0);
  } else {
    run_team(threads, draw_items, &loop);
  }
}

}  // namespace cconv
