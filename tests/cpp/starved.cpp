// parallel_for where threads cannot be created: fewer threads or none do the work, and the process
// goes on.  This program's own pthread_create refuses once `limit` threads live.
#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <set>
#include <thread>

#include "cases.h"
#include "runtime/parallel.h"

namespace {

std::atomic<int> living{0}, limit{1000};

struct Start {
  void* (*routine)(void*);
  void* argument;
};

void* run_and_count(void* start) {
  const std::unique_ptr<Start> s(static_cast<Start*>(start));
  struct Leave {
    ~Leave() { --living; }
  } leave;
  return s->routine(s->argument);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int pthread_create(
    pthread_t* thread, const pthread_attr_t* attributes, void* (*routine)(void*),
    void* argument) noexcept {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  if (++living > limit) {
    --living;
    return EAGAIN;
  }
  auto* const start = new Start{routine, argument};
  const int error = create(thread, attributes, run_and_count, start);
  if (error != 0) --living, delete start;
  return error;
}

namespace cconv {
namespace {

// Runs 200 items; the number of threads that worked, or -1 when an item was lost.
int team_of(int threads) {
  std::atomic<int> items{0};
  std::atomic<bool> worked[64] = {};
  Stop stop;
  parallel_for(200, threads, stop, [&](std::int64_t, int worker) {
    ++items;
    worked[worker] = true;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  });
  int team = 0;
  for (const auto& w : worked) team += w;
  return items == 200 ? team : -1;
}

TEST_CASE("no thread can be created") {
  limit = 0;
  CHECK(team_of(4) == 1);
  CHECK(team_of(64) == 1);
}

TEST_CASE("few threads can be created") {
  limit = living + 3;
  const int team = team_of(16);
  CHECK(team >= 1);
  CHECK(team <= 4);
}

TEST_CASE("threads can be created again") {
  limit = 1000;
  CHECK(team_of(6) >= 1);
}

TEST_CASE("a team that shrank grows no further than threads can be created") {
  limit = 1000;
  CHECK(team_of(12) >= 1);
  CHECK(team_of(2) >= 1);
  limit = living + 2;
  CHECK(team_of(12) >= 1);
}

TEST_CASE("a second caller finds no threads left") {
  limit = living + 1;
  std::thread([] { CHECK(team_of(8) >= 1); }).join();
}

}  // namespace
}  // namespace cconv
