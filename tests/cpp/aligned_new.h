// The aligned operators new and delete of the test program, which workspaces use: blocks are
// counted, and each ends at a page that may not be touched.
#pragma once

#include <atomic>

namespace cconv {

extern std::atomic<int> aligned_blocks;       // there now
extern std::atomic<int> aligned_allocations;  // ever

}  // namespace cconv
