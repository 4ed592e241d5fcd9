// Chooses the room for a problem and runs it there.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "algorithms/room.h"
#include "problem/problem.h"

namespace cconv {

using RoomOf = const Room& (*)();
constexpr RoomOf kRooms[] = {direct_room, gemm_room, depthwise_room, filter2d_room, separable_room};

struct Plan {
  const Room* room = nullptr;
  double seconds = 0;  // estimated, on one thread
};

// The room named by the problem, or the cheapest of those that apply.  Throws Refusal when the
// named one does not apply; the message begins with `call`.
Plan make_plan(const char* call, const Problem& problem, std::span<const RoomOf> rooms = kRooms);

// Threads worth using of those allowed: no more than there are items.
int useful_threads(const Plan& plan, const Problem& problem, int allowed);

// The scratch a run takes, in bytes.
std::int64_t workspace_of(const Plan& plan, const Problem& problem, int threads);

// Runs the problem until done or stopped.  Throws std::bad_alloc before the first write.
void execute(const Plan& plan, const Problem& problem, const Operands& operands, int threads,
             Stop& stop);

// How much of the estimated time the arithmetic takes at the machine's best rate, from 0 to 1.
double share_of_peak(const Plan& plan, const Problem& problem);

// Why each room was or was not chosen, in the order they are asked.
struct Verdict {
  Algorithm algorithm;
  std::string reason;
};
std::vector<Verdict> verdicts(const Plan& plan, const Problem& problem);

}  // namespace cconv
