// A forked child works: after its parent used threads, while another thread of the parent computes,
// and in its own child.  A child that hangs is killed by its alarm.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "cases.h"
#include "runtime/parallel.h"
#include "runtime/workspace.h"

namespace cconv {
namespace {

bool works() {
  const Workspace scratch(1 << 20);
  std::atomic<int> items{0};
  Stop stop;
  parallel_for(200, 4, stop, [&](std::int64_t, int) { ++items; });
  return scratch.data() != nullptr && items == 200;
}

// Runs `body` in a child; whether it returned true.
template <class F>
bool in_child(F body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

TEST_CASE("a child of a process that used threads") {
  REQUIRE(works());
  for (int i = 0; i < 5; ++i) {
    CHECK(in_child([] { return works() && works(); }));
    CHECK(works());
  }
}

TEST_CASE("a child's child") {
  REQUIRE(works());
  CHECK(in_child([] { return works() && in_child(works) && works(); }));
}

TEST_CASE("a child forked while another thread computes") {
  std::atomic<bool> done{false}, right{true};
  std::thread other([&] {
    while (!done) right = works() && right;
  });
  for (int i = 0; i < 20; ++i) CHECK(in_child(works));
  done = true;
  other.join();
  CHECK(right);
}

TEST_CASE("a child forked from within a call") {
  std::atomic<int> right{0};
  Stop stop;
  parallel_for(4, 2, stop, [&](std::int64_t, int) { right += in_child(works); });
  CHECK(right == 4);
}

}  // namespace
}  // namespace cconv
