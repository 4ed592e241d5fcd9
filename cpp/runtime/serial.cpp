// The serial back end: the calling thread is the team.
#include "runtime/team.h"

namespace cconv {

void run_team(int, Member member, void* context) { member(context, 0); }
const char* team_back_end() { return "serial"; }

}  // namespace cconv
