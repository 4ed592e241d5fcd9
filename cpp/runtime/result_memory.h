// Memory of large results.  A fresh page costs many times the write to it, so blocks come in huge
// pages where the system has them, and freed ones are kept for the next result.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cconv {

// Results from this size on are worth a block of their own.
constexpr std::size_t kLargeResult = std::size_t{1} << 20;

// Bytes aligned to a cache line, not initialised; null when there are none.
void* take_result(std::size_t bytes);
void* resize_result(void* data, std::size_t bytes);  // as realloc
void give_result(void* data);

// Freed bytes kept at most; 0 keeps none.  Said once, at import.
void set_kept_result_bytes(std::size_t bytes);
std::size_t kept_result_bytes();

}  // namespace cconv
