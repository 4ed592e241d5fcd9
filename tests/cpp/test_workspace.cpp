// Workspaces, counted by the aligned operators new and delete of this program.
#include "runtime/workspace.h"

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "cases.h"

namespace {
std::atomic<int> blocks{0}, allocations{0};
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  const bool absurd = size > std::size_t{1} << 46;  // sanitizers end the process when asked for it
  void* const block = absurd ? nullptr : std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
  if (block == nullptr) throw std::bad_alloc();
  ++blocks, ++allocations;
  return block;
}
void operator delete(void* block, std::align_val_t) noexcept {
  if (block != nullptr) --blocks;
  std::free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
  operator delete(block, alignment);
}

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
  const int before = blocks;
  on_new_thread([&] {
    const std::byte* large = nullptr;
    {
      const Workspace workspace(100'000);
      large = workspace.data();
    }
    const int made = allocations;
    for (const std::int64_t bytes : {1, 5'000, 100'000})
      CHECK(Workspace(bytes).data() == large);
    CHECK(allocations == made);
    CHECK(blocks == before + 1);
    Workspace(200'000);
    CHECK(blocks == before + 1);
  });
  CHECK(blocks == before);
}

TEST_CASE("a workspace within a workspace is a block of its own") {
  const int before = blocks;
  on_new_thread([&] {
    Workspace(1000);
    {
      const Workspace outer(1000);
      const Workspace inner(1000);
      const Workspace innermost(2000);
      CHECK(outer.data() != inner.data());
      CHECK(inner.data() != innermost.data());
    }
    CHECK(blocks == before + 1);
  });
}

TEST_CASE("no more than kKeptBytes are kept") {
  const int before = blocks;
  on_new_thread([&] {
    Workspace(Workspace::kKeptBytes + 1);
    CHECK(blocks == before);
    Workspace{Workspace::kKeptBytes};
    CHECK(blocks == before + 1);
  });
}

TEST_CASE("no memory: bad_alloc, and what was kept stays") {
  on_new_thread([] {
    Workspace(1000);
    const int made = allocations;
    CHECK_THROWS_AS(Workspace(INT64_MAX / 2), std::bad_alloc);
    Workspace(1000);
    CHECK(allocations == made);
  });
}

}  // namespace
}  // namespace cconv
