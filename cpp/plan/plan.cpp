#include "plan/plan.h"

#include <algorithm>

#include "algorithms/rows/cost.h"
#include "problem/words.h"

namespace cconv {
namespace {

const char* name_of(Algorithm algorithm) { return kAlgorithmNames[static_cast<int>(algorithm)]; }

}  // namespace

Plan make_plan(const char* call, const Problem& problem, std::span<const RoomOf> rooms) {
  const bool named = problem.algorithm != Algorithm::automatic;
  Plan best;
  for (const RoomOf room_of : rooms) {
    const Room& room = room_of();
    if (named && room.algorithm() != problem.algorithm) continue;
    if (const char* reason = room.refusal(problem)) {
      if (!named) continue;
      refuse_value(call, "algorithm \"", name_of(problem.algorithm), "\" ", reason,
                   "; \"auto\" would do");
    }
    const double seconds = room.cost(problem);
    if (best.room == nullptr || seconds < best.seconds) best = {&room, seconds};
  }
  return best;
}

int useful_threads(const Plan& plan, const Problem& problem, int allowed) {
  const int worth = threads_worth(plan.seconds, allowed);
  return worth == 1
             ? 1
             : static_cast<int>(std::clamp<std::int64_t>(plan.room->items(problem), 1, worth));
}

std::int64_t workspace_of(const Plan& plan, const Problem& problem, int threads) {
  return plan.room->workspace(problem, threads);
}

void execute(const Plan& plan, const Problem& problem, const Operands& operands, int threads,
             Stop& stop) {
  if (problem.N == 0 || problem.OC == 0 || problem.outputs() == 0) return;
  plan.room->run(problem, operands, threads, stop);
}

double share_of_peak(const Plan& plan, const Problem& problem) {
  return plan.seconds > 0 ? std::min(rows::least_seconds(problem) / plan.seconds, 1.0) : 0;
}

std::vector<Verdict> verdicts(const Plan& plan, const Problem& problem) {
  const bool named = problem.algorithm != Algorithm::automatic;
  std::vector<Verdict> all;
  for (const RoomOf room_of : kRooms) {
    const Room& room = room_of();
    const char* const refusal = room.refusal(problem);
    std::string reason;
    if (&room == plan.room)
      reason = named ? "chosen: named by algorithm=" : "chosen: the cheapest that applies";
    else if (refusal != nullptr)
      reason = refusal;
    else
      reason = named ? "not named" : "estimated to take longer";
    all.push_back({room.algorithm(), reason});
  }
  return all;
}

}  // namespace cconv
