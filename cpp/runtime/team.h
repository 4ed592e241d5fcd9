// What a threads back end provides: openmp.cpp, pool.cpp or serial.cpp, chosen by CMake.
#pragma once

namespace cconv {

using Member = void (*)(void* context, int worker);

// Runs member(context, worker) on up to `threads` threads at once and waits for them; worker 0 is
// the calling thread.  Where threads cannot be created the team is smaller.
void run_team(int threads, Member member, void* context);

const char* team_back_end();  // "openmp", "pool" or "serial"

namespace pool {
void run_team(int threads, Member member, void* context);
}

}  // namespace cconv
