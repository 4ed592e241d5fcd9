// The inner loops of sums of equal terms.
// In: rows of input.  Out: rows of sums.
#include "algorithms/separable/kernel.h"

#include CCONV_LEVEL_HEADER
#include "algorithms/rows/sliding.h"

namespace cconv::separable {
namespace {

// Terms are products with one weight.
template <class T>
struct Weighted {
  V<T> weight;

  CCONV_INLINE V<T> first(V<T> x) const { return fma(x, weight, V<T>::fill(0)); }
  CCONV_INLINE V<T> add(V<T> y, V<T> x) const { return fma(x, weight, y); }
  CCONV_INLINE V<T> join(V<T> a, V<T> b) const { return a + b; }
};

template <class T>
void slide(const Slide<T>& s) {
  rows::slide<V<T>, T>(s.rows, s.height, s.outputs, s.columns, s.sums, s.sums_pitch, s.scratch,
                       Weighted<T>{V<T>::fill(s.weight)});
}

template <class T>
void along(const Along<T>& a) {
  constexpr std::int64_t kSize = sizeof(T), kLanes = V<T>::kLanes;
  const std::int64_t piece = along_piece(a.width, a.step);
  const V<T> bias = V<T>::fill(a.bias);
  const Weighted<T> plain{V<T>::fill(1)};
  for (std::int64_t r = 0; r < a.outputs; ++r) {
    for (std::int64_t i = 0; i < a.columns; i += piece) {
      const std::int64_t left = a.columns - i, from = left < kLanes ? a.columns - kLanes : i;
      const std::int64_t count = left < kLanes ? kLanes : left < piece ? left : piece;
      rows::slide_along<V<T>, T>(a.rows + r * a.rows_pitch + from * kSize, a.width, a.step, count,
                                 a.sums + r * a.sums_pitch + from * kSize, a.scratch,
                                 along_pitch(a.width, a.step) * kSize, plain,
                                 [=](V<T> y, std::int64_t) { return y + bias; });
    }
  }
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {slide<float>,         slide<double>,       slide<std::uint32_t>,
                                    slide<std::uint64_t>, along<float>,        along<double>,
                                    along<std::uint32_t>, along<std::uint64_t>};

}  // namespace cconv::separable
