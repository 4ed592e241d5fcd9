// parallel_for where threads cannot be created, or there is no memory for them: fewer threads or
// none do the work, and the process goes on.  This program's own pthread_create refuses once
// `limit` threads live, its operator new after `granted` more requests.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <thread>

#include "cases.h"
#include "runtime/parallel.h"

namespace {

std::atomic<int> living{0}, limit{1000};
constexpr long kPlenty = 1'000'000'000;
std::atomic<long> granted{kPlenty};

struct Start {
  void* (*routine)(void*);
  void* argument;
};

void* run_and_count(void* start) {
  const std::unique_ptr<Start, void (*)(void*)> s(static_cast<Start*>(start), std::free);
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
  auto* const start = new (std::malloc(sizeof(Start))) Start{routine, argument};
  const int error = create(thread, attributes, run_and_count, start);
  if (error != 0) --living, std::free(start);
  return error;
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const block = granted-- == 0 ? nullptr : std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }

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

// On a new thread, which keeps no team, and in a forked child, which has no pool.
TEST_CASE("no memory at each request while a team forms") {
  limit = 1000;
  for (long n = 0; n < 30; ++n) {
    const auto is_well = [n] {
      granted = n;
      const int team = team_of(6);
      granted = kPlenty;
      return team >= 1;
    };
    std::thread([&] { CHECK(is_well()); }).join();
    const pid_t child = fork();
    if (child == 0) _exit(is_well() ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
}

}  // namespace
}  // namespace cconv
