// Memory between two pages that may not be touched: an access past either end of it crashes.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace cconv {

class Guarded {
 public:
  explicit Guarded(std::size_t capacity)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        capacity_((capacity / page_ + 1) * page_) {
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
    void* const map = mmap(nullptr, capacity_ + 2 * page_, PROT_NONE, kFlags, -1, 0);
    if (map == MAP_FAILED) std::abort();
    map_ = static_cast<std::byte*>(map);
    if (mprotect(begin(), capacity_, PROT_READ | PROT_WRITE) != 0) std::abort();
  }
  ~Guarded() { munmap(map_, capacity_ + 2 * page_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  // The last, or first, `bytes`, next to the guard page.  Everything is filled with canaries.
  std::byte* last(std::size_t bytes) { return place(end() - bytes, bytes); }
  std::byte* first(std::size_t bytes) { return place(begin(), bytes); }

  // Whether what was not given out still holds its canaries.
  bool rest_is_untouched() const {
    return all_canaries(begin(), given_) && all_canaries(given_ + bytes_, end());
  }

  static constexpr std::byte kCanary{0xa5};
  static bool all_canaries(const std::byte* from, const std::byte* to) {
    return std::all_of(from, to, [](std::byte b) { return b == kCanary; });
  }

 private:
  std::byte* begin() const { return map_ + page_; }
  std::byte* end() const { return begin() + capacity_; }

  std::byte* place(std::byte* at, std::size_t bytes) {
    if (bytes > capacity_) std::abort();
    std::fill(begin(), end(), kCanary);
    bytes_ = bytes;
    return given_ = at;
  }

  std::size_t page_, capacity_, bytes_ = 0;
  std::byte* map_ = nullptr;
  std::byte* given_ = nullptr;
};

}  // namespace cconv
