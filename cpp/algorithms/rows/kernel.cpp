// Loads, stores and the last steps of a row: bias, activation, cast.
#include "algorithms/rows/kernel.h"

#include CCONV_LEVEL_HEADER
#include "isa/math.h"

namespace cconv::rows {
namespace {

constexpr std::int64_t magnitude(std::int64_t a) { return a < 0 ? -a : a; }

// Visits a patch so that neighbours in memory follow one another: along the rows, or, where the
// rows lie closer together than the elements (channels last), across kAcross rows at a time.
template <class Byte, class Visit>
CCONV_INLINE void visit(const Patch<Byte>& patch, Visit element) {
  constexpr std::int64_t kAcross = 16;
  if (magnitude(patch.row_step) >= magnitude(patch.step)) {
    for (std::int64_t r = 0; r < patch.rows; ++r) {
      Byte* const row = patch.data + r * patch.row_step;
      for (std::int64_t i = 0; i < patch.count; ++i) element(row + i * patch.step, r, i);
    }
    return;
  }
  for (std::int64_t begin = 0; begin < patch.rows; begin += kAcross) {
    const std::int64_t end = begin + kAcross < patch.rows ? begin + kAcross : patch.rows;
    for (std::int64_t i = 0; i < patch.count; ++i) {
      Byte* const column = patch.data + i * patch.step;
      for (std::int64_t r = begin; r < end; ++r) element(column + r * patch.row_step, r, i);
    }
  }
}

template <class T>
CCONV_INLINE void copy(const void* src, void* dst, std::int64_t count) {
  constexpr std::int64_t kLanes = V<T>::kLanes;
  const auto* const from = static_cast<const std::byte*>(src);
  auto* const to = static_cast<std::byte*>(dst);
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) V<T>::load(from + i * sizeof(T)).store(to + i * sizeof(T));
  for (; i < count; ++i) store_one(to + i * sizeof(T), load_one<T>(from + i * sizeof(T)));
}

template <class A, class B>
constexpr bool kSame = false;
template <class A>
constexpr bool kSame<A, A> = true;

template <class From, class Sum>
void load(const Patch<const std::byte>& src, void* dst, std::int64_t dst_stride) {
  Sum* const out = static_cast<Sum*>(dst);
  if constexpr (kSame<From, Sum>) {
    if (src.step == sizeof(From)) {
      for (std::int64_t r = 0; r < src.rows; ++r)
        copy<Sum>(src.data + r * src.row_step, out + r * dst_stride, src.count);
      return;
    }
  }
  visit(src, [&](const std::byte* element, std::int64_t r, std::int64_t i) {
    out[r * dst_stride + i] = static_cast<Sum>(load_one<From>(element));
  });
}

// Destination element types that C++ has no arithmetic for.
struct Half;

// The bits of the nearest half, ties to even, in one step from the full double.
std::uint16_t half_from(double value) {
  std::uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const auto sign = static_cast<std::uint16_t>(bits >> 48 & 0x8000);
  const std::uint64_t magnitude = bits & 0x7fff'ffff'ffff'ffff;
  constexpr std::uint64_t kInfinity = 0x7ff0'0000'0000'0000;
  if (magnitude > kInfinity) return static_cast<std::uint16_t>(sign | 0x7e00);
  const int exponent = static_cast<int>(magnitude >> 52) - 1023;
  if (exponent > 15) return static_cast<std::uint16_t>(sign | 0x7c00);
  if (exponent < -25) return sign;
  // The significand loses 42 bits, more where the half is subnormal (below 2**-14).
  const int lost = 42 + (exponent < -14 ? -14 - exponent : 0);
  const std::uint64_t significand = (magnitude & 0xf'ffff'ffff'ffff) | 1ull << 52;
  const std::uint64_t kept = significand >> lost;
  const std::uint64_t rest = significand & ((1ull << lost) - 1);
  const std::uint64_t tie = 1ull << (lost - 1);
  const std::uint64_t rounded = kept + (rest > tie || (rest == tie && (kept & 1)));
  // A carry out of the significand is a carry into the exponent, up to infinity.
  const std::uint64_t base = exponent < -14 ? 0 : static_cast<std::uint64_t>(exponent + 14) << 10;
  return static_cast<std::uint16_t>(sign | (base + rounded));
}

CCONV_INLINE float round_half_even(float value) { return __builtin_rintf(value); }
CCONV_INLINE double round_half_even(double value) { return __builtin_rint(value); }

// The value as an element of type To, or its bits.
template <class To, class Sum>
CCONV_INLINE auto cast(Sum value) {
  if constexpr (kSame<To, Half>) {
    return half_from(static_cast<double>(value));
  } else if constexpr (kSame<To, float> || kSame<To, double>) {
    return static_cast<To>(value);
  } else {
    // [low, high): low is a power of two or zero, high the power of two past the largest value.
    constexpr bool kSigned = To(-1) < To(0);
    constexpr int kBits = 8 * static_cast<int>(sizeof(To)) - kSigned;
    constexpr Sum kHigh = Sum(std::uint64_t{1} << (kBits - 1)) * 2;
    constexpr To kMost = static_cast<To>(~std::uint64_t{0} >> (64 - kBits));
    constexpr To kLeast = kSigned ? static_cast<To>(-kMost - 1) : To(0);
    if (value != value) return To(0);
    const Sum rounded = round_half_even(value);
    if (rounded >= kHigh) return kMost;
    if (rounded <= static_cast<Sum>(kLeast)) return kLeast;
    return static_cast<To>(rounded);
  }
}

template <class Sum, class To>
void store(const void* src, std::int64_t src_stride, const Patch<std::byte>& dst) {
  const Sum* const in = static_cast<const Sum*>(src);
  if constexpr (kSame<To, Sum>) {
    if (dst.step == sizeof(To)) {
      for (std::int64_t r = 0; r < dst.rows; ++r)
        copy<Sum>(in + r * src_stride, dst.data + r * dst.row_step, dst.count);
      return;
    }
  }
  visit(dst, [&](std::byte* element, std::int64_t r, std::int64_t i) {
    store_one(element, cast<To>(in[r * src_stride + i]));
  });
}

template <class T, class F>
CCONV_INLINE void each_vector(T* row, std::int64_t count, T bias, F activation) {
  const V<T> b = V<T>::fill(bias);
  for (std::int64_t i = 0; i < count; i += V<T>::kLanes)
    activation(V<T>::load(row + i) + b).store(row + i);
}

template <class T>
void finish(T* row, std::int64_t count, const Finish<T>& f) {
  const V<T> zero = V<T>::fill(0), six = V<T>::fill(6), slope = V<T>::fill(f.slope);
  // Comparisons are written so that a NaN, for which none holds, passes through.
  const auto relu = [=](V<T> y) { return select(y < zero, zero, y); };
  const auto relu6 = [=](V<T> y) { return select(y > six, six, relu(y)); };
  switch (f.activation) {
    case Activation::none:
      return each_vector(row, count, f.bias, [](V<T> y) { return y; });
    case Activation::relu:
      return each_vector(row, count, f.bias, relu);
    case Activation::relu6:
      return each_vector(row, count, f.bias, relu6);
    case Activation::leaky_relu:
      return each_vector(row, count, f.bias,
                         [=](V<T> y) { return select(y < zero, y * slope, y); });
    case Activation::hardswish:
      return each_vector(row, count, f.bias, [=](V<T> y) { return hardswish(y); });
    case Activation::sigmoid:
      return each_vector(row, count, f.bias, [](V<T> y) { return sigmoid(y); });
    case Activation::tanh:
      return each_vector(row, count, f.bias, [](V<T> y) { return tanh(y); });
    case Activation::silu:
      return each_vector(row, count, f.bias, [](V<T> y) { return silu(y); });
    case Activation::gelu:
      return each_vector(row, count, f.bias, [](V<T> y) { return gelu(y); });
  }
}

template <class Sum>
constexpr void fill_stores(Store (&stores)[kTypes]) {
  const auto at = [&](Type type) -> Store& { return stores[static_cast<int>(type)]; };
  at(Type::int8) = store<Sum, std::int8_t>;
  at(Type::uint8) = store<Sum, std::uint8_t>;
  at(Type::int16) = store<Sum, std::int16_t>;
  at(Type::uint16) = store<Sum, std::uint16_t>;
  at(Type::int32) = store<Sum, std::int32_t>;
  at(Type::uint32) = store<Sum, std::uint32_t>;
  at(Type::int64) = store<Sum, std::int64_t>;
  at(Type::uint64) = store<Sum, std::uint64_t>;
  at(Type::float16) = store<Sum, Half>;
  at(Type::float32) = store<Sum, float>;
  at(Type::float64) = store<Sum, double>;
}

template <class Sum>
constexpr void fill_loads(Load (&loads)[kTypes][kSums], Type sum) {
  const auto at = [&](Type type) -> Load& {
    return loads[static_cast<int>(type)][sum_index(sum)];
  };
  at(Type::boolean) = load<std::uint8_t, Sum>;
  at(Type::int8) = load<std::int8_t, Sum>;
  at(Type::uint8) = load<std::uint8_t, Sum>;
  at(Type::int16) = load<std::int16_t, Sum>;
  at(Type::uint16) = load<std::uint16_t, Sum>;
  at(Type::int32) = load<std::int32_t, Sum>;
  at(Type::uint32) = load<std::uint32_t, Sum>;
  at(Type::int64) = load<std::int64_t, Sum>;
  at(Type::uint64) = load<std::uint64_t, Sum>;
  at(Type::float32) = load<float, Sum>;
  at(Type::float64) = load<double, Sum>;
}

constexpr Kernels make_kernels() {
  Kernels kernels{};
  fill_loads<float>(kernels.load, Type::float32);
  fill_loads<double>(kernels.load, Type::float64);
  fill_stores<float>(kernels.store[sum_index(Type::float32)]);
  fill_stores<double>(kernels.store[sum_index(Type::float64)]);
  kernels.finish_float32 = finish<float>;
  kernels.finish_float64 = finish<double>;
  return kernels;
}

}  // namespace

const Kernels CCONV_LEVEL::slice = make_kernels();

}  // namespace cconv::rows
