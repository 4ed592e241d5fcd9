// Loads, stores and the last steps of a row: bias, activation, cast.
#include "algorithms/rows/kernel.h"

#include CCONV_LEVEL_HEADER
#include "algorithms/rows/elements.h"
#include "isa/math.h"
#include "isa/transpose.h"

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
  for (; i + kLanes <= count; i += kLanes)
    V<T>::load(from + i * sizeof(T)).store(to + i * sizeof(T));
  for (; i < count; ++i) store_one(to + i * sizeof(T), load_one<T>(from + i * sizeof(T)));
}

// The unsigned integer of so many bytes.
template <int kBytes>
struct Word;
template <>
struct Word<4> {
  using type = std::uint32_t;
};
template <>
struct Word<8> {
  using type = std::uint64_t;
};

// Elements that are copied rather than cast, as lanes of the same size.
template <class T>
struct Lane {
  using type = T;
  static constexpr int kLanes = 1;
};
template <class R>
struct Lane<Complex<R>> {
  using type = R;
  static constexpr int kLanes = 2;
};

template <class T>
CCONV_INLINE void copy_rows(const std::byte* src, std::int64_t src_step, std::byte* dst,
                            std::int64_t dst_step, std::int64_t rows, std::int64_t count) {
  for (std::int64_t r = 0; r < rows; ++r)
    copy<typename Lane<T>::type>(src + r * src_step, dst + r * dst_step, count * Lane<T>::kLanes);
}

// Rows whose elements lie further apart than the rows do: copied by columns.  False where they
// don't or where elements are of 16 bytes.
template <class T>
CCONV_INLINE bool copy_columns(const std::byte* src, std::int64_t src_step, std::byte* dst,
                               std::int64_t dst_step, std::int64_t columns, std::int64_t count) {
  if constexpr (sizeof(T) > 8) {
    return false;
  } else {
    using Word = typename Word<sizeof(T)>::type;
    copy_transposed<Word, V<Word>::kLanes>(src, src_step, columns, count,
                                           [=](std::int64_t b) { return dst + b * dst_step; });
    return true;
  }
}

template <class From, class Sum>
void load(const Patch<const std::byte>& src, void* dst, std::int64_t dst_stride) {
  constexpr std::int64_t kSize = sizeof(Sum);
  auto* const out = static_cast<std::byte*>(dst);
  if constexpr (kSame<From, Sum>) {
    if (src.step == kSize)
      return copy_rows<Sum>(src.data, src.row_step, out, dst_stride * kSize, src.rows, src.count);
    if (src.row_step == kSize &&
        copy_columns<Sum>(src.data, src.step, out, dst_stride * kSize, src.count, src.rows))
      return;
  }
  visit(src, [&](const std::byte* element, std::int64_t r, std::int64_t i) {
    write(out + (r * dst_stride + i) * kSize, widen<Sum>(read<From>(element)));
  });
}

template <class T>
void gather(const Patch<const std::byte>& src, void* dst, std::int64_t dst_stride) {
  visit(src, [&](const std::byte* element, std::int64_t r, std::int64_t i) {
    store_one(static_cast<T*>(dst) + r * dst_stride + i, load_one<T>(element));
  });
}

template <class Sum, class To>
void store(const void* src, std::int64_t src_stride, const Patch<std::byte>& dst) {
  constexpr std::int64_t kSize = sizeof(Sum);
  const auto* const in = static_cast<const std::byte*>(src);
  if constexpr (kSame<To, Sum>) {
    if (dst.step == kSize)
      return copy_rows<Sum>(in, src_stride * kSize, dst.data, dst.row_step, dst.rows, dst.count);
    if (dst.row_step == kSize &&
        copy_columns<Sum>(in, src_stride * kSize, dst.data, dst.step, dst.rows, dst.count))
      return;
  }
  visit(dst, [&](std::byte* element, std::int64_t r, std::int64_t i) {
    write(element, cast<To>(read<Sum>(in + (r * src_stride + i) * kSize)));
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

// Wraps past the width of the sum.
template <class T, class U>
void finish_integer(T* row, std::int64_t count, const Finish<T>& f) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T y = static_cast<T>(static_cast<U>(row[i]) + static_cast<U>(f.bias));
    const T positive = y < 0 ? T(0) : y;
    row[i] = f.activation == Activation::none                   ? y
             : f.activation == Activation::relu || positive < 6 ? positive
                                                                : T(6);
  }
}

template <class R>
void finish_complex(Complex<R>* row, std::int64_t count, const Finish<Complex<R>>& f) {
  for (std::int64_t i = 0; i < count; ++i)
    row[i] = {row[i].real + f.bias.real, row[i].imaginary + f.bias.imaginary};
}

template <class R>
void rotate(const std::byte* row, std::int64_t count, Complex<R>* rotated) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto x = read<Complex<R>>(row + i * static_cast<std::int64_t>(sizeof(Complex<R>)));
    rotated[i] = {-x.imaginary, x.real};
  }
}

// A sum holds every real type, but an integer sum no float and a real sum no complex number.
template <class From, class Sum>
constexpr Load load_or_null() {
  if constexpr ((kComplex<From> && !kComplex<Sum>) || (kInteger<Sum> && !kInteger<From>))
    return nullptr;
  else
    return load<From, Sum>;
}

template <class Sum, class To>
constexpr Store store_or_null() {
  if constexpr (kComplex<Sum> && !kComplex<To>)
    return nullptr;
  else
    return store<Sum, To>;
}

template <class Sum>
constexpr void fill_column(Kernels& kernels, Type sum) {
  const int s = sum_index(sum);
#define CCONV_ENTRY(name, T)                                              \
  kernels.load[static_cast<int>(Type::name)][s] = load_or_null<T, Sum>(); \
  kernels.store[s][static_cast<int>(Type::name)] = store_or_null<Sum, T>();
  CCONV_ELEMENTS(CCONV_ENTRY)
#undef CCONV_ENTRY
}

constexpr Kernels make_kernels() {
  Kernels kernels{};
  kernels.vector_bytes = sizeof(V<float>);
  kernels.gather[0] = gather<std::uint8_t>;
  kernels.gather[1] = gather<std::uint16_t>;
  kernels.gather[2] = gather<std::uint32_t>;
  kernels.gather[3] = gather<std::uint64_t>;
  kernels.gather[4] = gather<Vec<std::uint64_t, 2>::Native>;
  fill_column<float>(kernels, Type::float32);
  fill_column<double>(kernels, Type::float64);
  fill_column<std::int32_t>(kernels, Type::int32);
  fill_column<std::int64_t>(kernels, Type::int64);
  fill_column<Complex<float>>(kernels, Type::complex64);
  fill_column<Complex<double>>(kernels, Type::complex128);
  kernels.finish_float32 = finish<float>;
  kernels.finish_float64 = finish<double>;
  kernels.finish_int32 = finish_integer<std::int32_t, std::uint32_t>;
  kernels.finish_int64 = finish_integer<std::int64_t, std::uint64_t>;
  kernels.finish_complex64 = finish_complex<float>;
  kernels.finish_complex128 = finish_complex<double>;
  kernels.rotate_complex64 = rotate<float>;
  kernels.rotate_complex128 = rotate<double>;
  return kernels;
}

}  // namespace

const Kernels CCONV_LEVEL::slice = make_kernels();

}  // namespace cconv::rows
