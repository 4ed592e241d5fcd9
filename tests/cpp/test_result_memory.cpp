// Memory of large results: what is handed out, kept, and given back to the system.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "cases.h"
#include "runtime/result_memory.h"
#include "runtime/workspace.h"

namespace cconv {
namespace {

constexpr std::size_t kMega = std::size_t{1} << 20;

// Whether the page at an address is still mapped.
bool is_mapped(const void* address) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  unsigned char resident = 0;
  const auto at = reinterpret_cast<std::uintptr_t>(address) / page * page;
  return mincore(reinterpret_cast<void*>(at), 1, &resident) == 0;
}

// A limit of its own for each test, and an empty shelf afterwards.
struct Limit {
  const std::size_t before = kept_result_bytes();
  explicit Limit(std::size_t bytes) {
    empty();
    set_kept_result_bytes(bytes);
  }
  ~Limit() {
    empty();
    set_kept_result_bytes(before);
  }
  // A block of the whole limit takes the place of all others, then goes itself.
  static void empty() {
    if (kept_result_bytes() < 4 * kMega) return;
    give_result(take_result(kept_result_bytes() - kMega));
    void* const last = take_result(kept_result_bytes() - kMega);
    set_kept_result_bytes(0);
    give_result(last);
  }
};

TEST_CASE("a block is aligned and all of it can be written") {
  const Limit limit(64 * kMega);
  for (const std::size_t bytes :
       {std::size_t{1}, kMega, 2 * kMega - 64, 2 * kMega - 63, 5 * kMega + 1}) {
    auto* const data = static_cast<std::byte*>(take_result(bytes));
    REQUIRE(data != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(data) % kCacheLine == 0);
    std::memset(data, 1, bytes);
    give_result(data);
  }
  give_result(nullptr);
}

TEST_CASE("a freed block serves the next result of about its size") {
  const Limit limit(64 * kMega);
  void* const block = take_result(10 * kMega);
  give_result(block);
  CHECK(is_mapped(block));
  CHECK(take_result(10 * kMega) == block);
  give_result(block);
  void* const smaller = take_result(9 * kMega);
  CHECK(smaller == block);
  give_result(smaller);
  void* const much_smaller = take_result(2 * kMega);
  void* const larger = take_result(14 * kMega);
  CHECK(much_smaller != block);
  CHECK(larger != block);
  give_result(much_smaller);
  give_result(larger);
}

TEST_CASE("no more is kept than the limit, the oldest block goes first") {
  const Limit limit(20 * kMega);
  void* const oldest = take_result(7 * kMega);
  void* const middle = take_result(7 * kMega);
  void* const newest = take_result(7 * kMega);
  void* const too_large = take_result(30 * kMega);
  for (void* const block : {oldest, middle, newest, too_large}) give_result(block);
  CHECK(!is_mapped(oldest));
  CHECK(is_mapped(middle));
  CHECK(is_mapped(newest));
  CHECK(!is_mapped(too_large));
}

TEST_CASE("a limit of 0 keeps nothing") {
  const Limit limit(0);
  void* const block = take_result(3 * kMega);
  REQUIRE(block != nullptr);
  give_result(block);
  CHECK(!is_mapped(block));
}

TEST_CASE("resized: what was there stays") {
  const Limit limit(64 * kMega);
  auto* data = static_cast<std::byte*>(resize_result(nullptr, 3 * kMega));
  REQUIRE(data != nullptr);
  std::fill_n(data, 3 * kMega, std::byte{7});
  for (const std::size_t bytes : {2 * kMega, 3 * kMega, 12 * kMega}) {
    data = static_cast<std::byte*>(resize_result(data, bytes));
    REQUIRE(data != nullptr);
    CHECK(std::all_of(data, data + std::min(bytes, 3 * kMega),
                      [](std::byte b) { return b == std::byte{7}; }));
  }
  give_result(data);
}

TEST_CASE("no memory: null, and the block to be resized stays") {
  const Limit limit(64 * kMega);
  auto* const data = static_cast<std::byte*>(take_result(kMega));
  REQUIRE(data != nullptr);
  *data = std::byte{7};
  for (const std::size_t bytes : {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 4}) {
    CHECK(take_result(bytes) == nullptr);
    CHECK(resize_result(data, bytes) == nullptr);
  }
  CHECK(*data == std::byte{7});
  give_result(data);
}

TEST_CASE("many threads take and give") {
  const Limit limit(32 * kMega);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto* const data =
            static_cast<int*>(take_result((1 + static_cast<std::size_t>(i + t) % 5) * kMega));
        data[0] = data[1000] = t * 1000 + i;
        std::this_thread::yield();
        wrong += data[0] != t * 1000 + i || data[1000] != t * 1000 + i;
        give_result(data);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace cconv
