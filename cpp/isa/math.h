// The smooth activations, lane by lane, within 4 ulp of the exact function of x: no branch, table
// or library call.  Route: e^y by powers of two and a polynomial, gelu's tail by a rational
// function as well, then a division.  NaN stays NaN, infinities and zeros reach their limits.
//
// Each step also holds where fma(a, b, c) rounds twice.  Coefficients are minimax fits (relative
// error, found in 50 digits), rounded one after the other and the rest fitted again.
#pragma once

#include CCONV_LEVEL_HEADER

namespace cconv {
namespace {

template <class T>
struct Constants;
template <>
struct Constants<float> {
  static constexpr int kFraction = 23;   // stored bits of the significand
  static constexpr float kUnit = 0x1p64f;  // e^y is carried times this: no subnormal on the way
  // Added to |v| < 2^22, leaves round(v) + the biased exponent of kUnit in the lowest bits.
  static constexpr float kRound = 0x1.8p23f + 127 + 64;
  static constexpr float kLog2E = 0x1.715476p0f;
  // log(2) in two pieces; the first has 15 bits, its product with an exponent is exact.
  static constexpr float kLn2High = 0x1.62e4p-1f;
  static constexpr float kLn2Low = 0x1.7f7d1cp-20f;
  static constexpr std::int32_t kSign = INT32_MIN;
  static constexpr std::int32_t kHigh = ~0xfff;  // the upper 12 bits of a significand
  static constexpr float kExpLimit = 110;        // x e^-x is below half the smallest subnormal here,
  static constexpr float kGeluLimit = 14.5f;     // x Phi(-x) here,
  static constexpr float kTanhLimit = 10;        // 1 - tanh(x) below half an ulp here
};
template <>
struct Constants<double> {
  static constexpr int kFraction = 52;
  static constexpr double kUnit = 0x1p512;
  static constexpr double kRound = 0x1.8p52 + 1023 + 512;
  static constexpr double kLog2E = 0x1.71547652b82fep0;
  static constexpr double kLn2High = 0x1.62e42feep-1;  // 32 bits
  static constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr std::int64_t kSign = INT64_MIN;
  static constexpr std::int64_t kHigh = ~0x7ff'ffffll;  // the upper 26 bits
  static constexpr double kExpLimit = 760;
  static constexpr double kGeluLimit = 38.7;
  static constexpr double kTanhLimit = 20;
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

// (e^r - 1 - r) / r^2 for |r| <= 0.3467; e^r - 1 made from it is off by 1.4e-8 and 1.9e-17.
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

// e^(t^2 / 2) Phi(-t) = numerator / denominator, Phi the normal distribution: off by 1e-8 for
// 0 <= t <= 14.6 and by 8e-18 for t <= 38.7.  All coefficients are positive, so nothing cancels.
template <int N>
CCONV_INLINE Vec<float, N> mills_numerator(Vec<float, N> t) {
  return polynomial(t, 0.5f, 0.437622547f, 0.182706684f, 0.0404463075f, 0.00408598874f);
}
template <int N>
CCONV_INLINE Vec<float, N> mills_denominator(Vec<float, N> t) {
  return polynomial(t, 1.0f, 1.67312992f, 1.20037401f, 0.468067825f, 0.101390406f, 0.0102419332f);
}
template <int N>
CCONV_INLINE Vec<double, N> mills_numerator(Vec<double, N> t) {
  return polynomial(t, 0.5, 0.82729990602580983, 0.67862881425776145, 0.35658490043356394,
                    0.13167170983157178, 0.035539756000262337, 0.0070914747879143114,
                    0.0010341899250573665, 0.00010589710917429775, 6.9234248387348953e-6,
                    2.2216785845599052e-7);
}
template <int N>
CCONV_INLINE Vec<double, N> mills_denominator(Vec<double, N> t) {
  return polynomial(t, 1.0, 2.4524843728544852, 2.8140570452264084, 1.9981818043122839,
                    0.97789978062412986, 0.34730239413548075, 0.091642578369244679,
                    0.018040022106398983, 0.0026096841601592506, 0.00026600158029036733,
                    1.7354452458087083e-5, 5.5689223571986695e-7);
}

// -|x|, or -limit where that is larger.
template <class T, int N>
CCONV_INLINE Vec<T, N> negative_magnitude(Vec<T, N> x, T limit) {
  const Vec<T, N> y = from_bits<T, N>(to_bits(x) | Vec<T, N>::Mask::fill(Constants<T>::kSign));
  const Vec<T, N> least = Vec<T, N>::fill(-limit);
  return select(y < least, least, y);
}

// e^y = scale / kUnit (1 + part), for -1000 <= y <= 0 (float: -110).
template <class T, int N>
struct Exponential {
  Vec<T, N> scale;  // kUnit 2^n
  Vec<T, N> part;   // e^(y - n log(2)) - 1, to its own ulp
};

// e^(high - low), where |low| is at most 2^-8.
template <class T, int N>
CCONV_INLINE Exponential<T, N> exponential(Vec<T, N> high, Vec<T, N> low) {
  using C = Constants<T>;
  using W = Vec<T, N>;
  const W round = W::fill(C::kRound);
  const W shifted = fma(high, W::fill(C::kLog2E), round);
  const W n = shifted - round;
  const W r = fma(n, W::fill(-C::kLn2Low), fma(n, W::fill(-C::kLn2High), high)) - low;
  return {from_bits<T, N>(to_bits(shifted) << C::kFraction), fma(r * r, exp_rest(r), r)};
}

template <class T, int N>
CCONV_INLINE Vec<T, N> sigmoid(Vec<T, N> x) {
  using C = Constants<T>;
  using W = Vec<T, N>;
  const W unit = W::fill(C::kUnit);
  const auto [scale, part] = exponential(negative_magnitude(x, C::kExpLimit), W::fill(0));
  const W e = fma(scale, part, scale);  // kUnit e^-|x|
  return select(x < W::fill(0), e, unit) / (unit + e);
}

template <class T, int N>
CCONV_INLINE Vec<T, N> silu(Vec<T, N> x) {
  using C = Constants<T>;
  using W = Vec<T, N>;
  const W one = W::fill(1), down = W::fill(1 / C::kUnit), least = W::fill(-C::kExpLimit);
  const auto [scale, part] = exponential(negative_magnitude(x, C::kExpLimit), W::fill(0));
  const W e = fma(scale, part, scale);
  // x e^-|x| / (1 + e^-|x|) for a negative x, kept large until the last step.
  const auto negative = x < W::fill(0);
  const W numerator = select(negative, select(x < least, least, x) * e, x);
  return numerator / fma(down, e, one) * select(negative, down, one);
}

template <class T, int N>
CCONV_INLINE Vec<T, N> tanh(Vec<T, N> x) {
  using C = Constants<T>;
  using W = Vec<T, N>;
  const W unit = W::fill(C::kUnit), y = negative_magnitude(x, C::kTanhLimit);
  const auto [scale, part] = exponential(y + y, W::fill(0));
  const W d = fma(scale, part, scale - unit);  // kUnit (e^-2|x| - 1), exact near 0 where scale = unit
  const W magnitude = d / (d + (unit + unit));  // negative or -0
  return from_bits<T, N>((to_bits(magnitude) & W::Mask::fill(~C::kSign)) |
                         (to_bits(x) & W::Mask::fill(C::kSign)));
}

// x Phi(x).
template <class T, int N>
CCONV_INLINE Vec<T, N> gelu(Vec<T, N> x) {
  using C = Constants<T>;
  using W = Vec<T, N>;
  const W one = W::fill(1), half = W::fill(T(0.5)), down = W::fill(1 / C::kUnit),
          least = W::fill(-C::kGeluLimit);
  const W y = negative_magnitude(x, C::kGeluLimit);
  // -x^2 / 2 in two pieces: the square of the upper half of y is exact.
  const W upper = from_bits<T, N>(to_bits(y) & W::Mask::fill(C::kHigh)), lower = y - upper;
  const W half_upper = upper * half;
  const auto [scale, part] =
      exponential(-(half_upper * upper), lower * fma(y, half, half_upper));
  const W t = -y;
  const W m = mills_numerator(t);
  const W tail = scale * fma(part, m, m) / mills_denominator(t);  // kUnit Phi(-|x|)
  const auto negative = x < W::fill(0);
  const W bounded = select(x < least, least, x);
  return bounded * select(negative, tail, one - tail * down) * select(negative, down, one);
}

// x min(max(x + 3, 0), 6) / 6.
template <class T, int N>
CCONV_INLINE Vec<T, N> hardswish(Vec<T, N> x) {
  using W = Vec<T, N>;
  const W three = W::fill(3), least = W::fill(-3);
  const W bounded = select(x < least, least, x);
  return select(x < three, bounded * (bounded + three) * W::fill(T(1) / 6), x);
}

}  // namespace
}  // namespace cconv
