// What every algorithm offers the plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "problem/problem.h"
#include "runtime/parallel.h"

namespace cconv {

class Room {
 public:
  virtual Algorithm algorithm() const = 0;

  // Why this room cannot do the problem, as the end of a sentence; null when it can.
  virtual const char* refusal(const Problem&) const = 0;

  // Estimated seconds on one thread.
  virtual double cost(const Problem&) const = 0;

  // Independent pieces of work: more threads than these are of no use.
  virtual std::int64_t items(const Problem&) const = 0;

  // Scratch bytes that a run on so many threads takes.
  virtual std::int64_t workspace(const Problem&, int threads) const = 0;

  // The blocking a reader of explain() would like to know.
  virtual std::string tiles(const Problem&) const = 0;

  // Weights and biases as the room likes them best, for any number of runs on inputs of any extent;
  // of 0 bytes where it takes them as they are.
  virtual std::int64_t prepared_bytes(const Problem&) const { return 0; }
  virtual void prepare(const Problem&, const std::byte* /*weights*/, const std::byte* /*bias*/,
                       std::byte* /*prepared*/) const {}

  // Takes its scratch, then runs until done or stopped.  Throws std::bad_alloc before the first
  // write to the result.
  virtual void run(const Problem&, const Operands&, int threads, Stop&) const = 0;

 protected:
  ~Room() = default;
};

const Room& direct_room();
const Room& gemm_room();
const Room& depthwise_room();
const Room& filter2d_room();
const Room& separable_room();

}  // namespace cconv
