// Copies that bypass the caches: results larger than these are written without being read first,
// and push nothing else out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace cconv {

// Results of fewer bytes, or in shorter pieces, are better off in the cache.
constexpr std::int64_t kStreamedBytes = 16'000'000;
constexpr std::int64_t kStreamedPiece = 2048;

// memcpy, past the caches where the processor can.
inline void stream(std::byte* dst, const std::byte* src, std::int64_t bytes) {
  std::int64_t i = 0;
#if defined(__SSE2__)
  constexpr std::int64_t kLine = 64, kVector = 16;
  i = -reinterpret_cast<std::intptr_t>(dst) & (kLine - 1);
  if (i > bytes) i = bytes;
  std::memcpy(dst, src, static_cast<std::size_t>(i));
  for (; i + kLine <= bytes; i += kLine) {
    for (std::int64_t j = i; j < i + kLine; j += kVector)
      _mm_stream_si128(reinterpret_cast<__m128i*>(dst + j),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(src + j)));
  }
#endif
  std::memcpy(dst + i, src + i, static_cast<std::size_t>(bytes - i));
}

// After the last stream() of an item, so that other threads see it as they see any store.
inline void end_streams() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace cconv
