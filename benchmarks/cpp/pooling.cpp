// Pools in float32, NCHW: pooling/name.
#include "algorithms/pooling/room.h"
#include "problem/validate_pool.h"
#include "register.h"
#include "runtime/thread_count.h"

namespace cconv::bench {
namespace {

struct PoolCase {
  const char* name;
  Pool pool;
  Shape x;
  std::int64_t kernel, stride, padding;
};

void pool(benchmark::State& state, const PoolCase* p) {
  const Tensor x(p->x);
  PoolArguments arguments;
  arguments.pool = p->pool;
  arguments.x = x.array();
  arguments.kernel_size = Value::of(p->kernel);
  arguments.stride = Value::of(p->stride);
  arguments.padding = Value::of(p->padding);
  arguments.channels_last = Value::of(false);
  arguments.norm_type = Value::of(std::int64_t{2});
  Pooling c;
  validate_pool(arguments, c);
  const Shape shape(c.shape, c.shape + c.ndim);
  const Tensor dst(shape);
  c.dst.data = dst.data();
  const int threads = threads_worth(pooling::cost(c.problem), process_threads());
  measure(state, {0, kItem * (count_of(p->x) + count_of(shape))}, [&] {
    Stop stop;
    pooling::run(c.problem, c.src, c.dst, nullptr, threads, stop);
  });
}

}  // namespace

void register_pooling() {
  static const PoolCase cases[] = {
      {"max-k2s2-64-224", Pool::maximum, {1, 64, 224, 224}, 2, 2, 0},
      {"max-k2s2-512-14", Pool::maximum, {1, 512, 14, 14}, 2, 2, 0},
      {"max-k3s2-64-112", Pool::maximum, {1, 64, 112, 112}, 3, 2, 1},
      {"max-k3s1-192-28", Pool::maximum, {1, 192, 28, 28}, 3, 1, 1},
      {"max-k13s1-512-13", Pool::maximum, {1, 512, 13, 13}, 13, 1, 6},
      {"max-k2s2-1080p", Pool::maximum, {1080, 1920}, 2, 2, 0},
      {"max-k15s1-1080p", Pool::maximum, {1080, 1920}, 15, 1, 7},
      {"avg-k3s1-192-28", Pool::average, {1, 192, 28, 28}, 3, 1, 1},
      {"avg-k2s2-1080p", Pool::average, {1080, 1920}, 2, 2, 0},
      {"avg-global-2048-7", Pool::average, {1, 2048, 7, 7}, 7, 7, 0},
      {"lp-k2s2-64-112", Pool::norm, {1, 64, 112, 112}, 2, 2, 0},
  };
  for (const PoolCase& p : cases) add(std::string("pooling/") + p.name, pool, &p);
}

}  // namespace cconv::bench
