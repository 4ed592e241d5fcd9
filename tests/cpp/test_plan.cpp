// Which of several rooms a plan takes, and how it refuses.
#include "cases.h"
#include "plan/plan.h"
#include "problem/refusal.h"

namespace cconv {
namespace {

class TestRoom : public Room {
 public:
  TestRoom(double seconds, const char* refusal) : seconds_(seconds), refusal_(refusal) {}
  Algorithm algorithm() const override { return Algorithm::direct; }
  const char* refusal(const Problem&) const override { return refusal_; }
  double cost(const Problem&) const override { return seconds_; }
  std::int64_t items(const Problem&) const override { return 1; }
  std::int64_t workspace(const Problem&, int) const override { return 0; }
  std::string tiles(const Problem&) const override { return ""; }
  void run(const Problem&, const Operands&, int, Stop&) const override {}

 private:
  double seconds_;
  const char* refusal_;
};

const TestRoom slow(3, nullptr), fast(2, nullptr), unable(1, "takes no such problem");
const Room& slow_room() { return slow; }
const Room& fast_room() { return fast; }
const Room& unable_room() { return unable; }

TEST_CASE("the cheapest room that applies is taken") {
  constexpr RoomOf kAll[] = {slow_room, unable_room, fast_room};
  const Plan plan = make_plan("conv2d", Problem{}, kAll);
  CHECK(plan.room == &fast);
  CHECK(plan.seconds == 2);
}

TEST_CASE("a named room that does not apply is refused in the words of the call") {
  Problem problem;
  problem.algorithm = Algorithm::direct;
  constexpr RoomOf kUnable[] = {unable_room};
  CHECK_THROWS_WITH_AS(make_plan("conv3d", problem, kUnable),
                       "conv3d: algorithm \"direct\" takes no such problem; \"auto\" would do",
                       Refusal);
}

TEST_CASE("gemm is not taken where the rows it copies are mostly border") {
  Problem p;
  p.IC = p.OC = 256;
  for (const std::int64_t dilation : {1, 100000, 1000000000}) {
    const Window w{3, 1, dilation, dilation, dilation};
    p.axis[1] = {28, 28, {3, 1, 1, 1, 1}}, p.axis[2] = {28, 28, w};
    CHECK(((make_plan("conv2d", p).room == &gemm_room()) == (dilation == 1)));
  }
}

}  // namespace
}  // namespace cconv
