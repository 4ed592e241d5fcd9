// The value of a constant border as a term of a sum.
#pragma once

#include <cstring>

#include "algorithms/rows/kernel.h"
#include "problem/problem.h"

namespace cconv::rows {

// Rounded to an element of src first, as numpy.pad would; of a T of one byte that element itself.
template <class T>
T border_term(const Problem& p) {
  const Kernels& k = kernels();
  const BorderValue& border = p.border_value;
  const int type = static_cast<int>(p.src_type);
  alignas(16) std::byte element[16] = {};
  const Patch<std::byte> to{element, 0, 0, 1, 1};
  if (p.src_type == Type::uint64)
    std::memcpy(element, &border.integer, sizeof border.integer);
  else if (is_integer(p.src_type))
    k.store[sum_index(Type::int64)][type](&border.integer, 0, to);
  else if (is_complex(p.src_type))
    k.store[sum_index(Type::complex128)][type](&border.value, 0, to);
  else
    k.store[sum_index(Type::float64)][type](&border.value.real, 0, to);
  T term{};
  if constexpr (sizeof(T) == 1) {
    std::memcpy(&term, element, 1);
    return term;
  }
  k.load[type][sum_index(p.sum_type)]({element, 0, 0, 1, 1}, &term, 0);
  return term;
}

}  // namespace cconv::rows
