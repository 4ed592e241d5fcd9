// Padded copies of float32: padding/name.
#include "algorithms/padding/room.h"
#include "register.h"
#include "runtime/thread_count.h"

namespace cconv::bench {
namespace {

struct PadCase {
  const char* name;
  Border border;
  Shape x;
  std::int64_t width;  // on both sides of the last two axes
};

void pad(benchmark::State& state, const PadCase* p) {
  const Tensor x(p->x);
  PadProblem problem;
  problem.border = p->border;
  problem.ndim = static_cast<int>(p->x.size());
  problem.item = kItem;
  Shape shape;
  for (std::size_t i = 0; i < p->x.size(); ++i) {
    PadAxis& axis = problem.axis[i];
    axis.in = p->x[i];
    axis.stride = x.strides()[i];
    if (i + 2 >= p->x.size()) axis.before = axis.after = p->width;
    shape.push_back(axis.out());
  }
  const Tensor dst(shape);
  problem.src = x.data();
  problem.dst = dst.data();
  const int threads = threads_worth(padding::cost(problem), process_threads());
  measure(state, {0, kItem * (count_of(p->x) + count_of(shape))}, [&] {
    Stop stop;
    padding::run(problem, threads, stop);
  });
}

}  // namespace

void register_padding() {
  static const PadCase cases[] = {
      {"constant-w1-64-224", Border::constant, {1, 64, 224, 224}, 1},
      {"constant-w1-64-56", Border::constant, {1, 64, 56, 56}, 1},
      {"constant-w1-512-7", Border::constant, {1, 512, 7, 7}, 1},
      {"edge-w3-64-56", Border::edge, {1, 64, 56, 56}, 3},
      {"reflect-w2-1080p", Border::reflect, {1080, 1920}, 2},
      {"symmetric-w16-512", Border::symmetric, {512, 512}, 16},
      {"wrap-w8-8k", Border::wrap, {4320, 7680}, 8},
  };
  for (const PadCase& p : cases) add(std::string("padding/") + p.name, pad, &p);
}

}  // namespace cconv::bench
