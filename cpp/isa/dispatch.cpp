// Picks the level: what the processor has (cpuid) and the operating system saves (xgetbv).
#include <cstring>

#include "isa/levels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace cconv {
namespace {

#define CCONV_NAME(level) #level,
constexpr const char* kNames[] = {CCONV_BUILT_LEVELS(CCONV_NAME)};
#undef CCONV_NAME

#if defined(__x86_64__)
struct Cpu {
  bool avx2 = false;
  bool avx512 = false;
};

Cpu detect() {
  Cpu cpu;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return cpu;
  constexpr unsigned kFma = 1u << 12, kOsxsave = 1u << 27, kAvx = 1u << 28, kF16c = 1u << 29;
  constexpr unsigned kNeeded = kFma | kOsxsave | kAvx | kF16c;
  if ((c & kNeeded) != kNeeded) return cpu;

  unsigned saved = 0, high = 0;  // XCR0: the register states the operating system saves
  __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  constexpr unsigned kYmm = 0x06, kZmm = 0xe6;

  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return cpu;
  constexpr unsigned kAvx2 = 1u << 5;
  constexpr unsigned kAvx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // F, DQ, BW, VL
  cpu.avx2 = (saved & kYmm) == kYmm && (b & kAvx2);
  cpu.avx512 = cpu.avx2 && (saved & kZmm) == kZmm && (b & kAvx512) == kAvx512;
  return cpu;
}
#endif

bool has(const char* level) {
#if defined(__x86_64__)
  static const Cpu cpu = detect();
  if (!std::strcmp(level, "avx512")) return cpu.avx512;
  if (!std::strcmp(level, "avx2")) return cpu.avx2;
#endif
  static_cast<void>(level);
  return true;  // scalar; sse2 and neon belong to every processor of their architecture
}

Level highest() {
  int level = kLevels - 1;
  while (level > 0 && !has(kNames[level])) --level;
  return static_cast<Level>(level);
}

Level& chosen() {
  static Level level = highest();
  return level;
}

}  // namespace

const char* name_of(Level level) { return kNames[static_cast<int>(level)]; }
bool runs_here(Level level) { return has(name_of(level)); }
Level active_level() { return chosen(); }

bool choose_level(const char* name) {
  for (int i = 0; i < kLevels; ++i) {
    if (std::strcmp(name, kNames[i]) || !has(name)) continue;
    chosen() = static_cast<Level>(i);
    return true;
  }
  return false;
}

}  // namespace cconv
