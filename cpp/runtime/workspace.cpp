#include "runtime/workspace.h"

#include <new>
#include <utility>

namespace cconv {
namespace {

constexpr std::align_val_t kAlignment{kCacheLine};

void release(std::byte* block) { ::operator delete(block, kAlignment); }

// The block a thread keeps.  A workspace takes it out, so that a call made within a call (from a
// signal handler) gets a block of its own.
struct Kept {
  std::byte* data = nullptr;
  std::int64_t bytes = 0;
  ~Kept() { release(data); }
};
thread_local Kept kept;

}  // namespace

Workspace::Workspace(std::int64_t bytes) {
  if (bytes <= 0) return;
  if (kept.bytes >= bytes) {
    data_ = std::exchange(kept.data, nullptr);
    bytes_ = std::exchange(kept.bytes, 0);
    return;
  }
  data_ = static_cast<std::byte*>(::operator new(static_cast<std::size_t>(bytes), kAlignment));
  bytes_ = bytes;
}

Workspace::~Workspace() {
  if (bytes_ > kept.bytes && bytes_ <= kKeptBytes) {
    std::swap(data_, kept.data);
    std::swap(bytes_, kept.bytes);
  }
  release(data_);
}

}  // namespace cconv
