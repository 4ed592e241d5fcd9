// The smooth activations, lane by lane, within 4 ulp of the exact function of x, subnormal results
// included: no branch, table or library call.  Route: e^-|x| or e^(-x^2 / 2) as a power of two
// times a polynomial, for gelu a second polynomial, then a division.  NaN stays NaN; infinities
// and zeros of either sign reach their limits.
//
// The bound holds as well where fma(a, b, c) rounds twice.  Polynomials are minimax fits on the
// stated range made in 50 digits (coefficients rounded in turn, the rest fitted again).
#pragma once

#include CCONV_LEVEL_HEADER

namespace cconv {
namespace {

template <class T>
struct Constants;
template <>
struct Constants<float> {
  static constexpr int kFraction = 23;                   // stored bits of a significand
  static constexpr std::int32_t kSign = INT32_MIN;       // the sign bit
  static constexpr std::int32_t kUpper = ~0xfff;         // all but the lower half of a significand
  static constexpr float kUnit = 0x1p64f;                // e^y is kept times this: never subnormal
  static constexpr float kRound = 0x1.8p23f + 127 + 64;  // v + kRound ends in round(v) + 127 + 64
  static constexpr float kLog2E = 0x1.715476p0f;         // log2(e)
  static constexpr float kLn2Upper = 0x1.62e4p-1f;       // log(2); 15 bits: exact times an exponent
  static constexpr float kLn2Lower = 0x1.7f7d1cp-20f;    // and the rest
  static constexpr float kExpLimit = 110;                // x e^-x and
  static constexpr float kGeluLimit = 14.5f;             // x Phi(-x) are zero from here,
  static constexpr float kTanhLimit = 10;                // tanh(x) is 1
  static constexpr float kMiddle = 3.5f;                 // of mills_rest
};
template <>
struct Constants<double> {
  static constexpr int kFraction = 52;
  static constexpr std::int64_t kSign = INT64_MIN;
  static constexpr std::int64_t kUpper = ~0x7ff'ffffll;
  static constexpr double kUnit = 0x1p512;
  static constexpr double kRound = 0x1.8p52 + 1023 + 512;
  static constexpr double kLog2E = 0x1.71547652b82fep0;
  static constexpr double kLn2Upper = 0x1.62e42feep-1;
  static constexpr double kLn2Lower = 0x1.a39ef35793c76p-33;
  static constexpr double kExpLimit = 760;
  static constexpr double kGeluLimit = 38.7;
  static constexpr double kTanhLimit = 20;
  static constexpr double kMiddle = 5;
};

// first + x (second + x (...)).
template <class T, int N>
CCONV_INLINE Vec<T, N> polynomial(Vec<T, N>, T last) {
  return Vec<T, N>::fill(last);
}
template <class T, int N, class... Rest>
CCONV_INLINE Vec<T, N> polynomial(Vec<T, N> x, T first, Rest... rest) {
  return fma(x, polynomial(x, rest...), Vec<T, N>::fill(first));
}

// (e^r - 1 - r) / r^2 for |r| <= 0.3467: leaves e^r - 1 a relative error of 1.4e-8, 1.9e-17.
template <int N>
CCONV_INLINE Vec<float, N> exp_rest(Vec<float, N> r) {
  return polynomial(r, 0.49999997f, 0.166665465f, 0.0416674651f, 0.00836623739f, 0.00138678541f);
}
template <int N>
CCONV_INLINE Vec<double, N> exp_rest(Vec<double, N> r) {
  return polynomial(r, 0.50000000000000056, 0.16666666666666607, 0.041666666666573766,
                    0.008333333333377534, 0.0013888888932319667, 0.00019841269745695276,
                    2.4801504516833325e-5, 2.7557383334068e-6, 2.762630009870712e-7,
                    2.5061502881722966e-8);
}

// e^y = scale / kUnit * (1 + part).
template <class T, int N>
struct Exponential {
  Vec<T, N> scale, part;
};

// e^(y - less) for -2^7 < y <= 0 (double: -2^10) and a small less.
template <class T, int N>
CCONV_INLINE Exponential<T, N> exponential(Vec<T, N> y, Vec<T, N> less) {
  using C = Constants<T>;
  using W = Vec<T, N>;
  const W round = W::fill(C::kRound), sum = fma(y, W::fill(C::kLog2E), round), n = sum - round;
  const W near = fma(n, W::fill(-C::kLn2Upper), y);
  const W r = fma(n, W::fill(-C::kLn2Lower), near) - less;
  return {from_bits<T, N>(to_bits(sum) << C::kFraction), fma(r * r, exp_rest(r), r)};
}

// -|x|, at least -limit.
template <class T, int N>
CCONV_INLINE Vec<T, N> minus_magnitude(Vec<T, N> x, T limit) {
  const Vec<T, N> y = from_bits<T, N>(to_bits(x) | Vec<T, N>::Mask::fill(Constants<T>::kSign));
  const Vec<T, N> least = Vec<T, N>::fill(-limit);
  return select(y < least, least, y);
}

// kUnit e^-|x|.
template <class T, int N>
CCONV_INLINE Vec<T, N> exp_minus_magnitude(Vec<T, N> x) {
  const auto [scale, part] =
      exponential(minus_magnitude(x, Constants<T>::kExpLimit), Vec<T, N>::fill(0));
  return fma(scale, part, scale);
}

template <class T, int N>
CCONV_INLINE Vec<T, N> sigmoid(Vec<T, N> x) {
  using W = Vec<T, N>;
  const W unit = W::fill(Constants<T>::kUnit), e = exp_minus_magnitude(x);
  return select(x < W::fill(0), e, unit) / (unit + e);
}

// x sigmoid(x); for a negative x the factor kUnit stays until the last step.
template <class T, int N>
CCONV_INLINE Vec<T, N> silu(Vec<T, N> x) {
  using C = Constants<T>;
  using W = Vec<T, N>;
  const W one = W::fill(1), down = W::fill(1 / C::kUnit), least = W::fill(-C::kExpLimit);
  const W e = exp_minus_magnitude(x), bounded = select(x < least, least, x);
  const auto negative = x < W::fill(0);
  return select(negative, bounded * e, x) / fma(down, e, one) * select(negative, down, one);
}

// (1 - e) / (1 + e) with the sign of x, where e = e^(-2 |x|) and 1 - e has no cancellation:
// near 0, where it is small, scale is kUnit.
template <class T, int N>
CCONV_INLINE Vec<T, N> tanh(Vec<T, N> x) {
  using C = Constants<T>;
  using W = Vec<T, N>;
  using Mask = typename W::Mask;
  const W unit = W::fill(C::kUnit), y = minus_magnitude(x, C::kTanhLimit);
  const auto [scale, part] = exponential(y + y, W::fill(0));
  const W d = fma(scale, part, scale - unit);  // kUnit (e - 1)
  const W quotient = d / (d + (unit + unit));
  return from_bits<T, N>((to_bits(quotient) & Mask::fill(~C::kSign)) |
                         (to_bits(x) & Mask::fill(C::kSign)));
}

// q in 2 (1 + t) e^(t^2 / 2) Phi(-t) = 1 + t w q, where w = 1 / (t + kMiddle) and
// u = 1 - 2 kMiddle w, for 0 <= t <= kGeluLimit.  This is Mills' ratio freed of its slope: it stays
// between 0.8 and 1.06, so errors of q hardly count.  Relative error of the right side:
// 1.7e-8 and 1e-17.
template <int N>
CCONV_INLINE Vec<float, N> mills_rest(Vec<float, N> u) {
  return polynomial(u, -0.0857872665f, -0.305063099f, 0.308212876f, -0.15601936f, 0.0349639542f,
                    0.00652408926f, -0.00533601781f, -0.000214117594f, 0.000580693886f);
}
template <int N>
CCONV_INLINE Vec<double, N> mills_rest(Vec<double, N> u) {
  return polynomial(
      u, -0.15393668059984891, -0.21227244673618659, 0.33639392044004202, -0.29638451089920193,
      0.19078033903390201, -0.092632486056603569, 0.0319508244489555, -0.0058628218165906023,
      -0.00084146760099829674, 0.00087263430703919806, -0.00014329737585645248,
      -7.1134483788954088e-5, 3.1548218479740637e-5, 4.6956618172205382e-6, -4.9707662497376952e-6,
      -2.6731342877499504e-7, 7.6551275524728811e-7, 2.7813577632019666e-8, -1.1562275433543011e-7,
      -1.0882638821026471e-8, 1.2732481419729835e-8, 2.8412332879997777e-9);
}

// x Phi(x), Phi(x) = erfc(-x / sqrt(2)) / 2 the normal distribution.
template <class T, int N>
CCONV_INLINE Vec<T, N> gelu(Vec<T, N> x) {
  using C = Constants<T>;
  using W = Vec<T, N>;
  const W one = W::fill(1), half = W::fill(T(0.5)), least = W::fill(-C::kGeluLimit);
  const W y = minus_magnitude(x, C::kGeluLimit), t = -y;
  // e^(-t^2 / 2), the square as upper^2 (exact) + lower (y + upper).
  const W upper = from_bits<T, N>(to_bits(y) & W::Mask::fill(C::kUpper)), half_upper = half * upper;
  const auto [scale, part] =
      exponential(-(half_upper * upper), (y - upper) * fma(half, y, half_upper));
  const W w = one / (t + W::fill(C::kMiddle));
  const W q = mills_rest(fma(W::fill(-2 * C::kMiddle), w, one));
  // d is rounded by excess, so 1 / (1 + t) is about (1 + 2 w excess) / d.
  const W d = one + t, excess = (d - one) - t;
  const W rest = w * fma(t, q, excess + excess);
  const W tail = fma(scale, fma(part, rest, part) + rest, scale) / d;  // 2 kUnit Phi(-|x|)
  const W down = W::fill(T(0.5) / C::kUnit), bounded = select(x < least, least, x);
  const auto negative = x < W::fill(0);
  return bounded * select(negative, tail, one - tail * down) * select(negative, down, one);
}

// x min(max(x + 3, 0), 6) / 6.
template <class T, int N>
CCONV_INLINE Vec<T, N> hardswish(Vec<T, N> x) {
  using W = Vec<T, N>;
  const W three = W::fill(3), least = W::fill(-3), bounded = select(x < least, least, x);
  return select(x < three, bounded * (bounded + three) * W::fill(T(1) / 6), x);
}

}  // namespace
}  // namespace cconv
