// Workspaces, counted by the aligned operators new and delete of this program.
#include <new>
#include <thread>

#include "aligned_new.h"
#include "cases.h"
#include "runtime/workspace.h"

namespace cconv {
namespace {

// Each test has a thread of its own: no block is kept yet.
template <class F>
void on_new_thread(F body) {
  std::thread(body).join();
}

TEST_CASE("a workspace is aligned to a cache line and all of it can be written") {
  on_new_thread([] {
    for (const std::int64_t bytes : {1, 63, 64, 65, 4096, 1'000'003}) {
      const Workspace workspace(bytes);
      CHECK(reinterpret_cast<std::uintptr_t>(workspace.data()) % kCacheLine == 0);
      std::memset(workspace.data(), 1, static_cast<std::size_t>(bytes));
    }
    CHECK(Workspace(0).data() == nullptr);
  });
}

TEST_CASE("a thread keeps its largest block for the next call") {
  const int before = aligned_blocks;
  on_new_thread([&] {
    const std::byte* large = nullptr;
    {
      const Workspace workspace(100'000);
      large = workspace.data();
    }
    const int made = aligned_allocations;
    for (const std::int64_t bytes : {1, 5'000, 100'000}) CHECK(Workspace(bytes).data() == large);
    CHECK(aligned_allocations == made);
    CHECK(aligned_blocks == before + 1);
    Workspace(200'000);
    CHECK(aligned_blocks == before + 1);
  });
  CHECK(aligned_blocks == before);
}

TEST_CASE("a workspace within a workspace is a block of its own") {
  const int before = aligned_blocks;
  on_new_thread([&] {
    Workspace(1000);
    {
      const Workspace outer(1000);
      const Workspace inner(1000);
      const Workspace innermost(2000);
      CHECK(outer.data() != inner.data());
      CHECK(inner.data() != innermost.data());
    }
    CHECK(aligned_blocks == before + 1);
  });
}

TEST_CASE("no more than kKeptBytes are kept") {
  const int before = aligned_blocks;
  on_new_thread([&] {
    Workspace(Workspace::kKeptBytes + 1);
    CHECK(aligned_blocks == before);
    Workspace{Workspace::kKeptBytes};
    CHECK(aligned_blocks == before + 1);
  });
}

TEST_CASE("no memory: bad_alloc, and what was kept stays") {
  on_new_thread([] {
    Workspace(1000);
    const int made = aligned_allocations;
    CHECK_THROWS_AS(Workspace(INT64_MAX / 2), std::bad_alloc);
    Workspace(1000);
    CHECK(aligned_allocations == made);
  });
}

}  // namespace
}  // namespace cconv
