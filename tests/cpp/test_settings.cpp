// What is chosen per process: the level and the number of threads.
#include <sched.h>

#include <cstdlib>
#include <set>
#include <string>
#include <thread>

#include "algorithms/direct/kernel.h"
#include "algorithms/rows/kernel.h"
#include "cases.h"
#include "runtime/thread_count.h"

namespace cconv {
namespace {

TEST_CASE("each level has a name and tables of its own") {
  std::set<std::string> names;
  std::set<const void*> tables;
  for (int i = 0; i < kLevels; ++i) {
    const auto level = static_cast<Level>(i);
    names.insert(name_of(level));
    tables.insert(&direct::kernels(level));
    tables.insert(&rows::kernels(level));
  }
  CHECK(names.size() == kLevels);
  CHECK(tables.size() == 2 * kLevels);
}

TEST_CASE("the highest level that runs here is in use, and a lower one can be forced") {
  const Level best = active_level();
  for (int i = static_cast<int>(best) + 1; i < kLevels; ++i)
    CHECK(!runs_here(static_cast<Level>(i)));
  for_each_level([](Level level) {
    CHECK(choose_level(name_of(level)));
    CHECK(active_level() == level);
    CHECK(&direct::kernels() == &direct::kernels(level));
    CHECK(&rows::kernels() == &rows::kernels(level));
  });
  for (const char* const name : {"", "avx", "AVX2", "sse2 ", "auto"}) CHECK(!choose_level(name));
  for (int i = 0; i < kLevels; ++i) {
    const auto level = static_cast<Level>(i);
    CHECK(choose_level(name_of(level)) == runs_here(level));
  }
  CHECK(choose_level(name_of(best)));
}

TEST_CASE("the thread count that was set counts before what is available") {
  CHECK(available_threads() >= 1);
  CHECK(process_threads() == available_threads());
  set_process_threads(1000);
  CHECK(process_threads() == 1000);
  set_process_threads(0);
  CHECK(process_threads() == available_threads());
}

TEST_CASE("the affinity of the calling thread counts") {
  std::thread([] {
    cpu_set_t all, one;
    REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
    CHECK(available_threads() <= CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
      if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(available_threads() == 1);
  }).join();
}

// ctest runs this program again with OMP_NUM_THREADS=1.
TEST_CASE("OMP_NUM_THREADS counts") {
  const char* const wish = std::getenv("OMP_NUM_THREADS");
  if (wish != nullptr) CHECK(available_threads() <= std::atoi(wish));
}

}  // namespace
}  // namespace cconv
