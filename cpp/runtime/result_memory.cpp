#include "runtime/result_memory.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <new>

#include "runtime/workspace.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace cconv {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// At the start of a block; the data follow one cache line on.
struct alignas(kCacheLine) Header {
  std::size_t block_bytes;
};

Header* header_of(void* data) { return static_cast<Header*>(data) - 1; }

#if defined(__linux__)
void unmap(Header* block) { munmap(block, block->block_bytes); }

// Mapped with room to spare, then trimmed to the alignment of a huge page.
Header* map(std::size_t bytes) {
  void* const mapped =
      mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t before =
      (kHugePage - reinterpret_cast<std::uintptr_t>(begin) % kHugePage) % kHugePage;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + bytes, kHugePage - before);
  madvise(begin + before, bytes, MADV_HUGEPAGE);  // where it is refused, small pages do
  return new (begin + before) Header{bytes};
}
#else
constexpr std::align_val_t kAlignment{kCacheLine};
void unmap(Header* block) { ::operator delete(block, kAlignment); }
Header* map(std::size_t bytes) {
  void* const block = ::operator new(bytes, kAlignment, std::nothrow);
  return block ? new (block) Header{bytes} : nullptr;
}
#endif

// Freed blocks, oldest first.  The lock is only ever tried: in a forked child it may stay locked
// for good, and then nothing is kept.
class Shelf {
 public:
  void set_limit(std::size_t bytes) { limit_ = bytes; }
  std::size_t limit() const { return limit_; }

  // The smallest block that holds `bytes` and wastes at most a quarter.
  Header* take(std::size_t bytes) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return nullptr;
    int best = -1;
    for (int i = 0; i < count_; ++i) {
      const std::size_t size = blocks_[i]->block_bytes;
      if (size < bytes || size - bytes > bytes / 4) continue;
      if (best < 0 || size < blocks_[best]->block_bytes) best = i;
    }
    return best < 0 ? nullptr : remove(best);
  }

  // Keeps a block, in place of the oldest ones where it must; false when it cannot.
  bool keep(Header* block) {
    if (block->block_bytes > limit_) return false;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    while (count_ == kMostBlocks || bytes_ + block->block_bytes > limit_) unmap(remove(0));
    blocks_[count_++] = block;
    bytes_ += block->block_bytes;
    return true;
  }

 private:
  static constexpr int kMostBlocks = 64;

  Header* remove(int index) {
    Header* const block = blocks_[index];
    std::copy(blocks_ + index + 1, blocks_ + count_, blocks_ + index);
    --count_;
    bytes_ -= block->block_bytes;
    return block;
  }

  std::mutex mutex_;
  Header* blocks_[kMostBlocks] = {};
  int count_ = 0;
  std::size_t bytes_ = 0;
  std::atomic<std::size_t> limit_{std::size_t{256} << 20};
};

Shelf& shelf() {
  static auto* const shelf = new Shelf;  // results may outlive the module
  return *shelf;
}

}  // namespace

void* take_result(std::size_t bytes) {
  if (bytes > PTRDIFF_MAX - 2 * kHugePage) return nullptr;
  const std::size_t wanted = (bytes + sizeof(Header) + kHugePage - 1) / kHugePage * kHugePage;
  Header* block = shelf().take(wanted);
  if (block == nullptr) block = map(wanted);
  return block == nullptr ? nullptr : block + 1;
}

void* resize_result(void* data, std::size_t bytes) {
  if (data == nullptr) return take_result(bytes);
  const std::size_t held = header_of(data)->block_bytes - sizeof(Header);
  if (bytes <= held) return data;
  void* const grown = take_result(bytes);
  if (grown == nullptr) return nullptr;
  std::memcpy(grown, data, held);
  give_result(data);
  return grown;
}

void give_result(void* data) {
  if (data == nullptr) return;
  Header* const block = header_of(data);
  if (!shelf().keep(block)) unmap(block);
}

void set_kept_result_bytes(std::size_t bytes) { shelf().set_limit(bytes); }
std::size_t kept_result_bytes() { return shelf().limit(); }

}  // namespace cconv
