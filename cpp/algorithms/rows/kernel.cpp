// Loads, stores and the last steps of a row: bias, activation, cast.
#include "algorithms/rows/kernel.h"

#include CCONV_LEVEL_HEADER
#include "algorithms/rows/elements.h"
#include "isa/math.h"
#include "isa/transpose.h"

namespace cconv::rows {
namespace {

constexpr std::int64_t magnitude(std::int64_t a) { return a < 0 ? -a : a; }

// Whether the elements of a row are neighbours rather than those of neighbouring rows.
template <class Byte>
CCONV_INLINE bool runs_along(const Patch<Byte>& patch) {
  return patch.rows == 1 || magnitude(patch.row_step) >= magnitude(patch.step);
}

// Visits a patch so that neighbours in memory follow one another: along the rows, or, where the
// rows lie closer together than the elements (channels last), across kAcross rows at a time.
template <class Byte, class Visit>
CCONV_INLINE void visit(const Patch<Byte>& patch, Visit element) {
  constexpr std::int64_t kAcross = 16;
  if (runs_along(patch)) {
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
  if (i == count) return;
  if (count >= kLanes) {  // the last vector overlaps the one before
    i = count - kLanes;
    V<T>::load(from + i * sizeof(T)).store(to + i * sizeof(T));
    return;
  }
  for (; i < count; ++i) store_one(to + i * sizeof(T), load_one<T>(from + i * sizeof(T)));
}

// The unsigned integer of so many bytes; of 16, two.
template <int kBytes>
struct Word;
template <>
struct Word<1> {
  using type = std::uint8_t;
};
template <>
struct Word<2> {
  using type = std::uint16_t;
};
template <>
struct Word<4> {
  using type = std::uint32_t;
};
template <>
struct Word<8> {
  using type = std::uint64_t;
};
template <>
struct Word<16> {
  using type = Vec<std::uint64_t, 2>::Native;
};
template <class T>
using WordOf = typename Word<sizeof(T)>::type;

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

template <class Word>
constexpr int kWordLanes = V<Word>::kLanes;
template <>
constexpr int kWordLanes<Word<16>::type> = 1;

// Rows whose elements lie further apart than the rows do: copied by columns, in tiles that fit into
// the registers.  A few of those at a time that are far from each other, from beginning to end.
template <class Word>
__attribute__((noinline)) void copy_columns(const std::byte* src, std::int64_t src_step,
                                            std::byte* dst, std::int64_t dst_step,
                                            std::int64_t columns, std::int64_t count) {
  constexpr int kMost = 32, kLanes = kWordLanes<Word> < kMost ? kWordLanes<Word> : kMost;
  const std::int64_t together = magnitude(src_step) > magnitude(dst_step) ? count : kLanes;
  for (std::int64_t i = 0; i < count;
       i += together, src += together * sizeof(Word), dst += together * dst_step)
    copy_transposed<Word, kLanes>(src, src_step, columns,
                                  count - i < together ? count - i : together,
                                  [=](std::int64_t b) { return dst + b * dst_step; });
}

// dst[i] = src[2 * i]: each vector is the even lanes of two that overlap by one, so that nothing
// behind the last element is read.  The last vector may overlap the one before.
template <class Word, int N = kWordLanes<Word>>
CCONV_INLINE void copy_evens(const std::byte* src, std::byte* dst, std::int64_t count) {
  constexpr std::int64_t kSize = sizeof(Word);
  if constexpr (N == 1) {
    for (std::int64_t i = 0; i < count; ++i)
      store_one(dst + i * kSize, load_one<Word>(src + 2 * i * kSize));
  } else {
    if (count < N) return copy_evens<Word, N / 2>(src, dst, count);
    const auto copy_vector = [&](std::int64_t i) {
      using W = Vec<Word, N>;
      const std::byte* const pairs = src + 2 * i * kSize;
      evens(W::load(pairs), W::load(pairs + (N - 1) * kSize)).store(dst + i * kSize);
    };
    std::int64_t i = 0;
    for (; i + N <= count; i += N) copy_vector(i);
    if (i < count) copy_vector(count - N);
  }
}

// dst[i] = the element i * step bytes behind src: joined in registers, of 128 bits, to few stores.
template <class Word>
CCONV_INLINE void copy_steps(const std::byte* src, std::int64_t step, std::byte* dst,
                             std::int64_t count) {
  constexpr int kSize = sizeof(Word), kLanes = 16 / kSize;
  std::int64_t i = 0;
  if constexpr (kLanes > 1) {
    for (; i + kLanes <= count; i += kLanes, src += kLanes * step) {
      typename Vec<Word, kLanes>::Native lanes{};
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; ++l) lanes[l] = load_one<Word>(src + l * step);
      Vec<Word, kLanes>{lanes}.store(dst + i * kSize);
    }
  }
  for (; i < count; ++i, src += step) store_one(dst + i * kSize, load_one<Word>(src));
}

template <class Word>
__attribute__((noinline)) void gather(const Patch<const std::byte>& src, void* dst,
                                      std::int64_t dst_stride) {
  auto* const to = static_cast<std::byte*>(dst);
  const std::int64_t to_step = dst_stride * static_cast<std::int64_t>(sizeof(Word));
  if (src.row_step == sizeof(Word) && src.rows > 1)
    return copy_columns<Word>(src.data, src.step, to, to_step, src.count, src.rows);
  if (src.step == 2 * sizeof(Word)) {
    for (std::int64_t r = 0; r < src.rows; ++r)
      copy_evens<Word>(src.data + r * src.row_step, to + r * to_step, src.count);
    return;
  }
  if (runs_along(src)) {
    for (std::int64_t r = 0; r < src.rows; ++r)
      copy_steps<Word>(src.data + r * src.row_step, src.step, to + r * to_step, src.count);
    return;
  }
  visit(src, [&](const std::byte* element, std::int64_t r, std::int64_t i) {
    store_one(static_cast<Word*>(dst) + r * dst_stride + i, load_one<Word>(element));
  });
}

template <class Word>
__attribute__((noinline)) void scatter(const void* src, std::int64_t src_stride,
                                       const Patch<std::byte>& dst) {
  visit(dst, [&](std::byte* element, std::int64_t r, std::int64_t i) {
    store_one(element, load_one<Word>(static_cast<const Word*>(src) + r * src_stride + i));
  });
}

template <class From, class Sum>
CCONV_INLINE void widen_element(const std::byte* from, std::byte* to) {
  write(to, widen<Sum>(read<From>(from)));
}
template <class Sum, class To>
CCONV_INLINE void cast_element(const std::byte* from, std::byte* to) {
  write(to, cast<To>(read<Sum>(from)));
}

// Rows of neighbours are cast kBlock elements at a time, the last block overlapping the one before:
// a loop of known length and without branches, of which compilers (GCC from 12 on) make vectors.
constexpr std::int64_t kBlock = 16;

template <class From, class To, void (*kElement)(const std::byte*, std::byte*)>
CCONV_INLINE void convert_block(const std::byte* __restrict src, std::byte* __restrict dst,
                                std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) kElement(src + i * sizeof(From), dst + i * sizeof(To));
}

template <class From, class To, void (*kElement)(const std::byte*, std::byte*)>
void convert_rows(const std::byte* src, std::int64_t src_step, std::byte* dst,
                  std::int64_t dst_step, std::int64_t rows, std::int64_t count) {
  for (std::int64_t r = 0; r < rows; ++r, src += src_step, dst += dst_step) {
    if (count < kBlock) {
      convert_block<From, To, kElement>(src, dst, count);
      continue;
    }
    for (std::int64_t i = 0; i < count; i += kBlock) {
      if (i > count - kBlock) i = count - kBlock;
      const std::byte* const from = src + i * sizeof(From);
      std::byte* const to = dst + i * sizeof(To);
      // Compilers make no vectors of bytes that become four times as wide.
      if constexpr (kSame<From, std::uint8_t> && kSame<To, float>)
        widen_bytes(from, to);
      else if constexpr (kSame<From, float> && kSame<To, std::uint8_t>)
        narrow_to_bytes(from, to);
      else
        convert_block<From, To, kElement>(from, to, kBlock);
    }
  }
}
using ConvertRows = decltype(&convert_rows<float, double, widen_element<float, double>>);

// Scratch where the elements of a patch are neighbours.
constexpr std::int64_t kTileRows = 16, kTileLength = 64;
template <class T>
struct Tile {
  static constexpr std::int64_t kStep = kTileLength * sizeof(T);
  alignas(64) std::byte data[kTileRows * kStep];
};

// Calls f(part, r, i) for parts of at most so many rows and elements, which begin at (r, i).
template <class Byte, class F>
CCONV_INLINE void each_part(const Patch<Byte>& patch, std::int64_t rows, std::int64_t count, F f) {
  for (std::int64_t r = 0; r < patch.rows; r += rows) {
    const std::int64_t part_rows = patch.rows - r < rows ? patch.rows - r : rows;
    for (std::int64_t i = 0; i < patch.count; i += count)
      f(Patch<Byte>{patch.data + r * patch.row_step + i * patch.step, patch.row_step, patch.step,
                    part_rows, patch.count - i < count ? patch.count - i : count},
        r, i);
  }
}

// A load and a store that cast, of elements of any type as wide as the words.
template <class From, class Sum>
void load_cast(ConvertRows convert, const Patch<const std::byte>& src, std::byte* dst,
               std::int64_t dst_step) {
  constexpr std::int64_t kFrom = sizeof(From), kSum = sizeof(Sum);
  if (src.step == kFrom) return convert(src.data, src.row_step, dst, dst_step, src.rows, src.count);
  if (src.row_step == kFrom && src.rows >= kBlock)
    return each_part(src, kTileLength, kTileRows,
                     [&](const auto& part, std::int64_t r, std::int64_t i) {
                       Tile<Sum> tile;
                       convert(part.data, part.step, tile.data, tile.kStep, part.count, part.rows);
                       copy_columns<Sum>(tile.data, tile.kStep, dst + r * dst_step + i * kSum,
                                         dst_step, part.count, part.rows);
                     });
  each_part(src, kTileRows, kTileLength, [&](const auto& part, std::int64_t r, std::int64_t i) {
    Tile<From> tile;
    gather<From>(part, tile.data, kTileLength);
    convert(tile.data, tile.kStep, dst + r * dst_step + i * kSum, dst_step, part.rows, part.count);
  });
}

template <class Sum, class To>
void store_cast(ConvertRows convert, const std::byte* src, std::int64_t src_step,
                const Patch<std::byte>& dst) {
  constexpr std::int64_t kTo = sizeof(To), kSum = sizeof(Sum);
  if (dst.step == kTo) return convert(src, src_step, dst.data, dst.row_step, dst.rows, dst.count);
  if (dst.row_step == kTo && dst.rows >= kBlock)
    return each_part(dst, kTileLength, kTileRows,
                     [&](const auto& part, std::int64_t r, std::int64_t i) {
                       Tile<Sum> tile;
                       copy_columns<Sum>(src + r * src_step + i * kSum, src_step, tile.data,
                                         tile.kStep, part.rows, part.count);
                       convert(tile.data, tile.kStep, part.data, part.step, part.count, part.rows);
                     });
  each_part(dst, kTileRows, kTileLength, [&](const auto& part, std::int64_t r, std::int64_t i) {
    Tile<To> tile;
    convert(src + r * src_step + i * kSum, src_step, tile.data, tile.kStep, part.rows, part.count);
    scatter<To>(tile.data, kTileLength, part);
  });
}

template <class From, class Sum>
void load(const Patch<const std::byte>& src, void* dst, std::int64_t dst_stride) {
  constexpr std::int64_t kSize = sizeof(Sum);
  auto* const out = static_cast<std::byte*>(dst);
  const std::int64_t step = dst_stride * kSize;
  if constexpr (!kSame<From, Sum>)
    load_cast<WordOf<From>, WordOf<Sum>>(convert_rows<From, Sum, widen_element<From, Sum>>, src,
                                         out, step);
  else if (src.step == kSize)
    copy_rows<Sum>(src.data, src.row_step, out, step, src.rows, src.count);
  else if (src.row_step == kSize && src.rows > 1)
    copy_columns<WordOf<Sum>>(src.data, src.step, out, step, src.count, src.rows);
  else
    gather<WordOf<Sum>>(src, dst, dst_stride);
}

template <class Sum, class To>
void store(const void* src, std::int64_t src_stride, const Patch<std::byte>& dst) {
  constexpr std::int64_t kSize = sizeof(Sum);
  const auto* const in = static_cast<const std::byte*>(src);
  const std::int64_t step = src_stride * kSize;
  if constexpr (!kSame<To, Sum>)
    store_cast<WordOf<Sum>, WordOf<To>>(convert_rows<Sum, To, cast_element<Sum, To>>, in, step,
                                        dst);
  else if (dst.step == kSize)
    copy_rows<Sum>(in, step, dst.data, dst.row_step, dst.rows, dst.count);
  else if (dst.row_step == kSize)
    copy_columns<WordOf<Sum>>(in, step, dst.data, dst.step, dst.rows, dst.count);
  else
    scatter<WordOf<Sum>>(src, src_stride, dst);
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

// A row of at least a vector V: the first and the last, and between them whole vectors at aligned
// addresses of dst, since a store across two lines takes twice as long.
template <class V>
CCONV_INLINE void copy_row(const std::byte* src, std::int64_t bytes, std::byte* dst) {
  constexpr std::int64_t kBytes = sizeof(V);
  const V first = V::load(src), last = V::load(src + bytes - kBytes);
  std::int64_t i =
      kBytes - static_cast<std::int64_t>(reinterpret_cast<std::uint64_t>(dst) % kBytes);
  first.store(dst);
  for (; i + kBytes <= bytes; i += kBytes) V::load(src + i).store(dst + i);
  last.store(dst + bytes - kBytes);
}

void copy_rows(const Copy& a) {
  using Few = Vec<std::uint8_t, kCopiedBytes>;
  // Loads of 64 bytes cross a line each time.
  using Bytes = Vec<std::uint8_t, sizeof(V<float>) >= 32 ? 32 : kCopiedBytes>;
  std::byte* dst = a.dst;
  for (std::int64_t r = 0; r < a.rows; ++r, dst += a.pitch) {
    if (a.bytes >= Bytes::kLanes)
      copy_row<Bytes>(a.src[r], a.bytes, dst);
    else
      copy_row<Few>(a.src[r], a.bytes, dst);
    if (r + 1 == a.rows) break;
    // What is cleared too much is where the next row comes.
    for (std::int64_t i = 0; i < a.zeros; i += Few::kLanes) Few::fill(0).store(dst + a.bytes + i);
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
  kernels.copy = copy_rows;
  kernels.gather[0] = gather<std::uint8_t>;
  kernels.gather[1] = gather<std::uint16_t>;
  kernels.gather[2] = gather<std::uint32_t>;
  kernels.gather[3] = gather<std::uint64_t>;
  kernels.gather[4] = gather<WordOf<Complex<double>>>;
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
