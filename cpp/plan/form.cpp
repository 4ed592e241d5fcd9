#include "plan/form.h"

#include <vector>

#include "algorithms/rows/cost.h"
#include "algorithms/rows/sums.h"
#include "algorithms/separable/factors.h"
#include "plan/dense.h"

namespace cconv {
namespace {

template <class T>
Form form_as(const Array& weight, std::int64_t rows, std::int64_t columns) {
  std::vector<T> weights(static_cast<std::size_t>(rows * columns));
  copy_dense(weight, rows::Sum<T>::kType, reinterpret_cast<std::byte*>(weights.data()));
  if (separable::is_constant(weights.data(), rows * columns)) return Form::constant;
  std::vector<T> column(static_cast<std::size_t>(rows)), row(static_cast<std::size_t>(columns));
  return separable::factor(weights.data(), rows, columns, column.data(), row.data())
             ? Form::separable
             : Form::general;
}

}  // namespace

Form form_of(const Problem& p, const Array& weight) {
  constexpr double kWorth = 1 << 16;  // products of a call
  const bool named = p.algorithm == Algorithm::separable;
  if (!named && p.algorithm != Algorithm::automatic) return Form::general;
  if (p.IC != 1 || p.OC != 1 || p.terms() > separable::kMostTaps || is_complex(p.sum_type))
    return Form::general;
  if (!named && rows::outputs_of(p) * static_cast<double>(p.terms()) < kWorth) return Form::general;
  const std::int64_t columns = weight.shape[weight.ndim - 1], rows = p.terms() / columns;
  return rows::with_sum_type(
      p, [&](auto zero) { return form_as<decltype(zero)>(weight, rows, columns); });
}

}  // namespace cconv
