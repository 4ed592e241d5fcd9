#include "aligned_new.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace cconv {

std::atomic<int> aligned_blocks{0}, aligned_allocations{0};

namespace {

std::size_t round_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

// In memory: a page that holds the size of it all, the pages of the block, the guard page.
std::byte* map_block(std::size_t size, std::size_t alignment) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  constexpr std::size_t kAbsurd = std::size_t{1} << 46;
  if (size > kAbsurd) return nullptr;
  const std::size_t block = round_up(size, alignment), pages = round_up(block, page);
  const std::size_t all = pages + 2 * page;
  void* const map = mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  *static_cast<std::size_t*>(map) = all;
  std::byte* const end = static_cast<std::byte*>(map) + page + pages;
  if (mprotect(end, page, PROT_NONE) != 0) return nullptr;
  return end - block;
}

void unmap_block(void* block) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  auto* const at = static_cast<std::byte*>(block);
  std::byte* const map = at - reinterpret_cast<std::uintptr_t>(at) % page - page;
  munmap(map, *reinterpret_cast<std::size_t*>(map));
}

}  // namespace
}  // namespace cconv

void* operator new(std::size_t size, std::align_val_t alignment) {
  std::byte* const block = cconv::map_block(size, static_cast<std::size_t>(alignment));
  if (block == nullptr) throw std::bad_alloc();
  ++cconv::aligned_blocks, ++cconv::aligned_allocations;
  return block;
}

void operator delete(void* block, std::align_val_t) noexcept {
  if (block == nullptr) return;
  --cconv::aligned_blocks;
  cconv::unmap_block(block);
}

void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
  operator delete(block, alignment);
}
