// Weights and biases of a layer as rooms prepare them, kept for its calls.
#pragma once

#include <atomic>

#include "algorithms/room.h"
#include "problem/arguments.h"

namespace cconv {

// For any number of threads at once, without locks.
class Prepared {
 public:
  Prepared() = default;
  ~Prepared();
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  // What a room prepares from these weights and biases (null: none), made when it is first asked
  // for.  All calls pass the same ones, but for their types.  Throws std::bad_alloc.
  const std::byte* get(const Room& room, const Problem& problem, const Array& weights,
                       const Array* bias) const;

 private:
  struct Node;
  mutable std::atomic<Node*> newest_{nullptr};
};

}  // namespace cconv
