// Every room on the corpus' problems in float32: room/family/name.  The price of a small call.
#include <deque>

#include "corpus.h"
#include "plan/plan.h"
#include "problem/refusal.h"
#include "problem/validate.h"
#include "register.h"
#include "runtime/thread_count.h"

namespace cconv::bench {
namespace {

// The arguments of a call, with arrays or, to be judged only, without.
class Call {
 public:
  Call(const CorpusProblem& p, Algorithm algorithm, bool with_arrays)
      : options_(p.options),
        x_(p.x, with_arrays),
        weight_(p.weight, with_arrays),
        bias_(p.bias, with_arrays),
        arguments_{options_, x_.array(), weight_.array(), nullptr},
        bias_array_(bias_.array()) {
    options_.algorithm.text = kAlgorithmNames[static_cast<int>(algorithm)];
    if (!p.bias.empty()) arguments_.bias = &bias_array_;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void judge(Convolution& c) const { validate_conv(arguments_, c); }
  Plan plan(const Convolution& c) const { return make_plan(options_.call, c.problem); }

  void run(const Plan& plan, const Convolution& c) const {
    Stop stop;
    execute(plan, c.problem, {c.src, arguments_.weight.data, bias_array_.data, c.dst},
            useful_threads(plan, c.problem, process_threads()), stop);
  }

 private:
  ConvOptions options_;
  Tensor x_, weight_, bias_;
  ConvArguments arguments_;
  Array bias_array_;
};

Shape result_shape(const Convolution& c) { return {c.shape, c.shape + c.ndim}; }

// Multiply-adds in the border count: a call is compared with others by what it computes.
Work work_of(const CorpusProblem& p, const Convolution& c) {
  const auto outputs = count_of(result_shape(c));
  const double flop = 2.0 * static_cast<double>(outputs * c.problem.terms());
  return {flop, kItem * (count_of(p.x) + count_of(p.weight) + outputs)};
}

void convolve(benchmark::State& state, const CorpusProblem* p, Algorithm algorithm) {
  const Call call(*p, algorithm, true);
  Convolution c;
  call.judge(c);
  const Plan plan = call.plan(c);
  const Tensor dst(result_shape(c));
  c.dst.data = dst.data();
  measure(state, work_of(*p, c), [&] { call.run(plan, c); });
}

// Whether the room can do the problem.
bool applies(const CorpusProblem& p, Algorithm room) {
  const Call call(p, room, false);
  Convolution c;
  call.judge(c);
  try {
    call.plan(c);
    return true;
  } catch (const Refusal&) {
    return false;
  }
}

// From judged arguments to the result, without Python and without memory for the result; and the
// two steps before the run.
enum class Until { judged, planned, done };

void price(benchmark::State& state, const CorpusProblem* p, Until until) {
  const Call call(*p, Algorithm::automatic, true);
  Convolution shaped;
  call.judge(shaped);
  const Tensor dst(result_shape(shaped));
  for (auto _ : state) {
    Convolution c;
    call.judge(c);
    benchmark::DoNotOptimize(c.problem.OC);
    if (until == Until::judged) continue;
    const Plan plan = call.plan(c);
    benchmark::DoNotOptimize(plan.room);
    if (until == Until::planned) continue;
    c.dst.data = dst.data();
    call.run(plan, c);
  }
}

}  // namespace

void register_convolution() {
  static const std::deque<CorpusProblem> corpus = load_corpus();
  for (const CorpusProblem& p : corpus) {
    if (p.name == "small/5x5-by-3x3") {
      add("call/judge", price, &p, Until::judged);
      add("call/judge+plan", price, &p, Until::planned);
      add("call/judge+plan+run", price, &p, Until::done);
    }
    if (p.name.starts_with("small/")) continue;  // for tests
    for (std::size_t i = 1; i < std::size(kAlgorithmNames); ++i)
      if (const auto room = static_cast<Algorithm>(i); applies(p, room))
        add(std::string(kAlgorithmNames[i]) + "/" + p.name, convolve, &p, room);
  }
}

}  // namespace cconv::bench
