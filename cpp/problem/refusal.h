// A call that cannot be done as asked: thrown before any work, answered by the bindings with the
// Python exception of that kind.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace cconv {

struct Refusal : std::runtime_error {
  enum class Kind : std::uint8_t { value, type, memory };

  Refusal(Kind kind, const std::string& message) : std::runtime_error(message), kind(kind) {}

  Kind kind;
};

}  // namespace cconv
