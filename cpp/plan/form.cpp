#include "plan/form.h"

#include <type_traits>
#include <vector>

#include "algorithms/rows/cost.h"
#include "algorithms/rows/sums.h"
#include "algorithms/separable/factors.h"
#include "plan/dense.h"

namespace cconv {
namespace {

template <class T>
void find_as(Problem& p, const Array& weight, std::int64_t rows, std::int64_t columns,
             bool looks_further) {
  std::vector<T> weights(static_cast<std::size_t>(rows * columns));
  copy_dense(weight, rows::Sum<T>::kType, reinterpret_cast<std::byte*>(weights.data()));
  constexpr std::int64_t kMost = separable::kMostRank;
  std::vector<T> column(static_cast<std::size_t>(kMost * rows));
  std::vector<T> row(static_cast<std::size_t>(kMost * columns));
  if (separable::is_constant(weights.data(), rows * columns))
    p.form = Form::constant;
  else if (separable::factor(weights.data(), rows, columns, column.data(), row.data()))
    p.form = Form::separable;
  else if constexpr (std::is_floating_point_v<T>) {
    if (!looks_further) return;
    const std::int64_t rank =
        separable::factor_low(weights.data(), rows, columns, kMost, column.data(), row.data());
    if (rank > 1) p.form = Form::separable, p.rank = rank;
  }
  if (p.form == Form::general || p.src_type != Type::uint8) return;
  p.small_weights = separable::small_factors(weights.data(), rows, columns).fit();
}

}  // namespace

void find_form(Problem& p, const Array& weight) {
  constexpr double kWorth = 1 << 16;         // products of a call
  constexpr double kWorthFurther = 1 << 18;  // outputs, to look for a sum of few products
  const bool named = p.algorithm == Algorithm::separable;
  if (!named && p.algorithm != Algorithm::automatic) return;
  if (p.IC != 1 || p.OC != 1 || p.terms() > separable::kMostTaps || is_complex(p.sum_type)) return;
  if (!named && rows::outputs_of(p) * static_cast<double>(p.terms()) < kWorth) return;
  const std::int64_t columns = weight.shape[weight.ndim - 1], rows = p.terms() / columns;
  const bool further = named || rows::outputs_of(p) >= kWorthFurther;
  rows::with_sum_type(
      p, [&](auto zero) { find_as<decltype(zero)>(p, weight, rows, columns, further); });
}

}  // namespace cconv
