// parallel_for with the threads back end of this build.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cases.h"
#include "runtime/parallel.h"
#include "runtime/team.h"

namespace cconv {
namespace {

// Whether each of `items` items is run once, by a worker in range.
bool runs_each_once(std::int64_t items, int threads) {
  std::vector<std::atomic<int>> runs(static_cast<std::size_t>(items));
  std::atomic<bool> in_range{true};
  Stop stop;
  parallel_for(items, threads, stop, [&](std::int64_t item, int worker) {
    if (item < 0 || item >= items || worker < 0 || worker >= std::max(threads, 1))
      in_range = false;
    else
      ++runs[static_cast<std::size_t>(item)];
  });
  return in_range && std::all_of(runs.begin(), runs.end(), [](const auto& n) { return n == 1; });
}

TEST_CASE("each item runs once, with any number of items and threads") {
  MESSAGE("threads back end: ", std::string(team_back_end()));
  for (const int threads : {0, 1, 2, 3, 4, 7, 16, 64, 70})
    for (const std::int64_t items : {0, 1, 2, 3, 5, 16, 63, 64, 65, 1000}) {
      INFO("items ", items, " threads ", threads);
      CHECK(runs_each_once(items, threads));
    }
  for (int i = 0; i < 2000; ++i) REQUIRE(runs_each_once(3, 1 + i % 5));
}

TEST_CASE("a worker is one thread, worker 0 the caller") {
  constexpr int kThreads = 4;
  std::atomic<std::thread::id> who[kThreads];
  std::atomic<bool> steady{true};
  Stop stop;
  parallel_for(500, kThreads, stop, [&](std::int64_t, int worker) {
    std::thread::id nobody;
    const std::thread::id me = std::this_thread::get_id();
    if (!who[worker].compare_exchange_strong(nobody, me) && nobody != me) steady = false;
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  });
  CHECK(steady);
  CHECK((who[0] == std::this_thread::get_id() || who[0] == std::thread::id()));
}

TEST_CASE("more than one thread works where the back end has threads") {
  if (std::string_view(team_back_end()) == "serial") return;
  // Items that wait for one another end only when two threads run them.
  std::atomic<int> here{0};
  Stop stop;
  parallel_for(2, 2, stop, [&](std::int64_t, int) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (++here; here < 2 && std::chrono::steady_clock::now() < until;) std::this_thread::yield();
  });
  CHECK(here == 2);
}

TEST_CASE("a thread that is through with its share takes over some of others'") {
  if (std::string_view(team_back_end()) == "serial") return;
  // The first item ends when all others have: its thread runs no other one.
  constexpr int kItems = 9;
  std::atomic<int> ended{0};
  Stop stop;
  parallel_for(kItems, 2, stop, [&](std::int64_t item, int) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (item == 0 && ended < kItems - 1 && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    if (item == 0) CHECK(ended == kItems - 1);
    ++ended;
  });
  CHECK(ended == kItems);
}

TEST_CASE("a call inside a call runs serially, on the thread that makes it") {
  std::atomic<int> inner_items{0};
  std::atomic<bool> serial{true};
  Stop stop;
  parallel_for(8, 4, stop, [&](std::int64_t, int) {
    const auto me = std::this_thread::get_id();
    std::int64_t expected = 0;
    Stop inner;
    parallel_for(5, 4, inner, [&](std::int64_t item, int worker) {
      if (worker != 0 || std::this_thread::get_id() != me || item != expected++) serial = false;
      ++inner_items;
    });
  });
  CHECK(serial);
  CHECK(inner_items == 40);
  CHECK(runs_each_once(8, 4));
}

TEST_CASE("a stop ends the call early, after the items that have begun") {
  for (const int threads : {1, 4}) {
    constexpr std::int64_t kItems = 100'000;
    static const std::thread::id caller = std::this_thread::get_id();
    static std::atomic<bool> polled_by_caller;
    polled_by_caller = true;
    Stop stop([] {
      if (std::this_thread::get_id() != caller) polled_by_caller = false;
      return true;
    });
    std::atomic<std::int64_t> begun{0}, ended{0};
    const auto start = std::chrono::steady_clock::now();
    parallel_for(kItems, threads, stop, [&](std::int64_t, int) {
      ++begun;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++ended;
    });
    INFO("threads ", threads);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));  // of 25 or more
    CHECK(stop.requested());
    CHECK(begun < kItems);
    CHECK(begun == ended);
    CHECK(polled_by_caller);
    CHECK(runs_each_once(100, threads));
  }
}

TEST_CASE("a poll that says no changes nothing") {
  const auto start = std::chrono::steady_clock::now();
  static std::atomic<int> polls;
  polls = 0;
  Stop stop([] {
    ++polls;
    return false;
  });
  std::atomic<int> items{0};
  parallel_for(400, 2, stop, [&](std::int64_t, int) {
    ++items;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  CHECK(items == 400);
  CHECK(polls >= 1);
  CHECK(polls <= (std::chrono::steady_clock::now() - start) / std::chrono::milliseconds(100));
  CHECK(!stop.requested());
}

TEST_CASE("many callers at once") {
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 8; ++c)
    callers.emplace_back([&, c] {
      for (int i = 0; i < 50; ++i) wrong += !runs_each_once(1 + (i * 7 + c) % 40, 1 + (i + c) % 6);
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace cconv
