// Scratch memory of one call.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cconv {

constexpr std::int64_t kCacheLine = 64;

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

constexpr std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Whole cache lines.  What is beyond any memory stays so, and a few such sums can be added up.
constexpr std::int64_t whole_lines(std::int64_t bytes) {
  return round_up(bytes < INT64_MAX / 16 ? bytes : INT64_MAX / 16, kCacheLine);
}

// The next `bytes` of scratch from `at` on, which moves past them.
inline std::byte* take(std::byte*& at, std::int64_t bytes) {
  at += bytes;
  return at - bytes;
}

// Memory aligned to a cache line, not initialised, for as long as the object lives.  A block of up
// to kKeptBytes stays with the thread for its next call.  Throws std::bad_alloc.
class Workspace {
 public:
  static constexpr std::int64_t kKeptBytes = std::int64_t{32} << 20;

  explicit Workspace(std::int64_t bytes);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

}  // namespace cconv
