// Vec<T, N>: N lanes of T over the compiler's vector extensions.  Included by a level's header,
// which defines the few operations the extensions lack for its registers.
//
// Everything is in an unnamed namespace and force-inlined: a kernel object must not leave a symbol
// that the linker could merge with another level's.
#pragma once

#include <cstddef>
#include <cstdint>

#define CCONV_INLINE __attribute__((always_inline)) inline

namespace cconv {
namespace {

// One element at any address, of any provenance.
template <class T>
struct Unaligned {
  typedef T type __attribute__((aligned(1), may_alias));
};

template <class T>
CCONV_INLINE T load_one(const void* address) {
  return *static_cast<const typename Unaligned<T>::type*>(address);
}

template <class T>
CCONV_INLINE void store_one(void* address, T value) {
  *static_cast<typename Unaligned<T>::type*>(address) = value;
}

// The integer as wide as T: bits of a lane, result of a comparison.
template <int kBytes>
struct Integer;
template <>
struct Integer<1> {
  using type = std::int8_t;
};
template <>
struct Integer<2> {
  using type = std::int16_t;
};
template <>
struct Integer<4> {
  using type = std::int32_t;
};
template <>
struct Integer<8> {
  using type = std::int64_t;
};
template <class T>
using Bits = typename Integer<sizeof(T)>::type;

template <class T>
constexpr bool kHasFractions = T(0.5) != T(0);  // float, double

template <class T, int N>
struct Vec {
  static constexpr int kLanes = N;
  typedef T Native __attribute__((vector_size(N * sizeof(T))));
  typedef T Memory __attribute__((vector_size(N * sizeof(T)), aligned(1), may_alias));
  using Mask = Vec<Bits<T>, N>;  // all bits of a lane set where true

  Native v;

  static CCONV_INLINE Vec load(const void* address) {
    return {*static_cast<const Memory*>(address)};
  }
  CCONV_INLINE void store(void* address) const { *static_cast<Memory*>(address) = v; }
  // One that is loaded once: without it, compilers load again for each operation that can read
  // memory.
  static CCONV_INLINE Vec load_once(const void* address) {
    Native v = *static_cast<const Memory*>(address);
    if constexpr (sizeof v >= 16) {  // what a vector register holds
#if defined(__x86_64__)
      __asm__("" : "+v"(v));
#elif defined(__aarch64__)
      __asm__("" : "+w"(v));
#endif
    }
    return {v};
  }
  static CCONV_INLINE Vec fill(T value) { return {value - Native{}}; }  // exact for -0.0 too

  friend CCONV_INLINE Vec operator+(Vec a, Vec b) { return {a.v + b.v}; }
  friend CCONV_INLINE Vec operator-(Vec a, Vec b) { return {a.v - b.v}; }
  friend CCONV_INLINE Vec operator*(Vec a, Vec b) { return {a.v * b.v}; }
  friend CCONV_INLINE Vec operator/(Vec a, Vec b) { return {a.v / b.v}; }
  friend CCONV_INLINE Vec operator-(Vec a) { return {-a.v}; }
  friend CCONV_INLINE Mask operator<(Vec a, Vec b) { return {a.v < b.v}; }
  friend CCONV_INLINE Mask operator>(Vec a, Vec b) { return {a.v > b.v}; }
  friend CCONV_INLINE Mask operator==(Vec a, Vec b) { return {a.v == b.v}; }
  friend CCONV_INLINE Mask operator!=(Vec a, Vec b) { return {a.v != b.v}; }

  // Integer lanes only.
  friend CCONV_INLINE Vec operator&(Vec a, Vec b) { return {a.v & b.v}; }
  friend CCONV_INLINE Vec operator|(Vec a, Vec b) { return {a.v | b.v}; }
  friend CCONV_INLINE Vec operator<<(Vec a, int count) { return {a.v << count}; }
  friend CCONV_INLINE Vec operator>>(Vec a, int count) { return {a.v >> count}; }
};

// a * b + c.  Integers wrap; of floats each level has its own.
template <int N>
CCONV_INLINE Vec<std::uint32_t, N> fma(Vec<std::uint32_t, N> a, Vec<std::uint32_t, N> b,
                                       Vec<std::uint32_t, N> c) {
  return a * b + c;
}
template <int N>
CCONV_INLINE Vec<std::uint64_t, N> fma(Vec<std::uint64_t, N> a, Vec<std::uint64_t, N> b,
                                       Vec<std::uint64_t, N> c) {
  return a * b + c;
}

// mask ? a : b, lane by lane.
template <class T, int N>
CCONV_INLINE Vec<T, N> select(typename Vec<T, N>::Mask mask, Vec<T, N> a, Vec<T, N> b) {
  return {mask.v ? a.v : b.v};
}

// The larger of each lane; b where neither is (one instruction on x86).
template <class T, int N>
CCONV_INLINE Vec<T, N> max(Vec<T, N> a, Vec<T, N> b) {
  return {a.v > b.v ? a.v : b.v};
}
// The smaller of each lane, likewise.
template <class T, int N>
CCONV_INLINE Vec<T, N> min(Vec<T, N> a, Vec<T, N> b) {
  return {a.v < b.v ? a.v : b.v};
}

// The larger or the smaller of each lane, a where neither is; NaN where there is one.
template <class T, int N>
CCONV_INLINE Vec<T, N> larger(Vec<T, N> a, Vec<T, N> b) {
  const Vec<T, N> y = max(b, a);
  if constexpr (!kHasFractions<T>) return y;
  return select(b != b, b, y);
}
template <class T, int N>
CCONV_INLINE Vec<T, N> smaller(Vec<T, N> a, Vec<T, N> b) {
  const Vec<T, N> y = min(b, a);
  if constexpr (!kHasFractions<T>) return y;
  return select(b != b, b, y);
}

// Every other lane of two vectors that overlap by one: the even ones of a, the odd ones of b.
template <int... I>
struct Lanes {};
template <int N, int... I>
struct FirstLanes : FirstLanes<N - 1, N - 1, I...> {};
template <int... I>
struct FirstLanes<0, I...> {
  using type = Lanes<I...>;
};
template <class T, int N, int... I>
CCONV_INLINE Vec<T, N> evens(Vec<T, N> a, Vec<T, N> b, Lanes<I...>) {
  return {__builtin_shufflevector(a.v, b.v, (2 * I < N ? 2 * I : 2 * I + 1)...)};
}
template <class T, int N>
CCONV_INLINE Vec<T, N> evens(Vec<T, N> a, Vec<T, N> b) {
  if constexpr (N == 1)
    return a;
  else
    return evens(a, b, typename FirstLanes<N>::type{});
}

// Likewise of vectors that follow one another; with kFirst = 1 lanes 1, 3, 5 and so on.
template <int kFirst, class T, int N, int... I>
CCONV_INLINE Vec<T, N> alternate(Vec<T, N> a, Vec<T, N> b, Lanes<I...>) {
  return {__builtin_shufflevector(a.v, b.v, (2 * I + kFirst)...)};
}
template <int kFirst, class T, int N>
CCONV_INLINE Vec<T, N> alternate(Vec<T, N> a, Vec<T, N> b) {
  if constexpr (N == 1)
    return kFirst ? b : a;
  else
    return alternate<kFirst>(a, b, typename FirstLanes<N>::type{});
}

// Lanes n, n + 1 and so on of a and then b.
template <int n, class T, int N, int... I>
CCONV_INLINE Vec<T, N> lanes_from(Vec<T, N> a, Vec<T, N> b, Lanes<I...>) {
  return {__builtin_shufflevector(a.v, b.v, (n + I)...)};
}
template <int n, class T, int N>
CCONV_INLINE Vec<T, N> lanes_from(Vec<T, N> a, Vec<T, N> b) {
  return lanes_from<n>(a, b, typename FirstLanes<N>::type{});
}

// The bits of the lanes as integers, and back.
template <class T, int N>
CCONV_INLINE typename Vec<T, N>::Mask to_bits(Vec<T, N> a) {
  return {reinterpret_cast<typename Vec<T, N>::Mask::Native>(a.v)};
}
template <class T, int N>
CCONV_INLINE Vec<T, N> from_bits(typename Vec<T, N>::Mask bits) {
  return {reinterpret_cast<typename Vec<T, N>::Native>(bits.v)};
}

// What is below low or above high becomes that; a NaN stays one.  Unsigned lanes are taken as the
// bits of signed integers.
template <class T, int N>
CCONV_INLINE Vec<T, N> clamp(Vec<T, N> y, Vec<T, N> low, Vec<T, N> high) {
  if constexpr (kHasFractions<T>)
    return min(high, max(low, y));
  else
    return from_bits<T, N>(min(to_bits(high), max(to_bits(low), to_bits(y))));
}

}  // namespace
}  // namespace cconv
