// The instruction-set levels: which are built, which one runs here.
#pragma once

#include "isa/built_levels.h"

namespace cconv {

enum class Level : unsigned char {
#define CCONV_ENUMERATOR(level) level,
  CCONV_BUILT_LEVELS(CCONV_ENUMERATOR)
#undef CCONV_ENUMERATOR
};

#define CCONV_COUNT(level) +1
constexpr int kLevels = 0 CCONV_BUILT_LEVELS(CCONV_COUNT);
#undef CCONV_COUNT

const char* name_of(Level level);
bool runs_here(Level level);  // by the processor and the operating system

// The level in use, chosen once: the highest that runs here, or the one that choose_level names.
Level active_level();

// Forces a level by its name.  False when there is no such level or it does not run here.
bool choose_level(const char* name);

// In a room's kernel.h, inside its namespace: declares the table slice of every built level,
// kernels(level), and kernels(), the slice in use.  A kernel file defines the slice of the level it
// is compiled for.
#define CCONV_DECLARE_KERNELS(Kernels)                                      \
  CCONV_BUILT_LEVELS(CCONV_DECLARE_SLICE)                                   \
  inline const Kernels& kernels(Level level) {                              \
    constexpr const Kernels* kSlices[] = {CCONV_BUILT_LEVELS(CCONV_SLICE)}; \
    return *kSlices[static_cast<int>(level)];                               \
  }                                                                         \
  inline const Kernels& kernels() { return kernels(active_level()); }
#define CCONV_DECLARE_SLICE(level) \
  namespace level {                \
  extern const Kernels slice;      \
  }
#define CCONV_SLICE(level) &level::slice,

}  // namespace cconv
