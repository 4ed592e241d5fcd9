// Rows in and out, shared by all rooms: elements of any type become a row of sums' type in scratch,
// finished rows go back as elements of any type.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa/levels.h"
#include "problem/types.h"

namespace cconv::rows {

// A patch of a tensor: element (r, i) at data + r * row_step + i * step, in bytes, any alignment.
template <class Byte>
struct Patch {
  Byte* data;
  std::int64_t row_step;
  std::int64_t step;
  std::int64_t rows;
  std::int64_t count;
};

// dst[r * dst_stride + i] = element (r, i) of src, cast to the type of the sum.  dst lies
// elsewhere.
using Load = void (*)(const Patch<const std::byte>& src, void* dst, std::int64_t dst_stride);

// Element (r, i) of dst = src[r * src_stride + i], cast: floats round to nearest and overflow to
// infinity; integers round half to even and saturate, NaN becomes 0.
using Store = void (*)(const void* src, std::int64_t src_stride, const Patch<std::byte>& dst);

// row[i] = activation(row[i] + bias) for i < count; works on whole vectors, so row is padded.
// A NaN stays a NaN.  Smooth activations are within 4 ulp; integers take none but relu and relu6,
// complex numbers none.
template <class T>
struct Finish {
  T bias;
  Activation activation;
  T slope;  // of leaky_relu
};

// rotated[i] = row[i] times the imaginary unit, both of `count` complex numbers.
template <class R>
using Rotate = void (*)(const std::byte* row, std::int64_t count, Complex<R>* rotated);

// Rows of `bytes` bytes each, side by side, from anywhere to `pitch` bytes apart; `zeros`: as many
// bytes between two rows become 0.
struct Copy {
  const std::byte* const* src;
  std::int64_t rows, bytes;  // bytes: at least kCopiedBytes
  std::byte* dst;
  std::int64_t pitch;
  std::int64_t zeros = 0;
};
constexpr std::int64_t kCopiedBytes = 16;

struct Kernels {
  int vector_bytes;
  void (*copy)(const Copy&);
  Load gather[5];            // dst[...] = element (r, i) of src as it is, of 1, 2, 4, 8 or 16 bytes
  Load load[kTypes][kSums];  // null where a sum cannot hold the type
  Store store[kSums][kTypes];  // likewise
  void (*finish_float32)(float* row, std::int64_t count, const Finish<float>&);
  void (*finish_float64)(double* row, std::int64_t count, const Finish<double>&);
  void (*finish_int32)(std::int32_t* row, std::int64_t count, const Finish<std::int32_t>&);
  void (*finish_int64)(std::int64_t* row, std::int64_t count, const Finish<std::int64_t>&);
  void (*finish_complex64)(Complex<float>* row, std::int64_t count, const Finish<Complex<float>>&);
  void (*finish_complex128)(Complex<double>* row, std::int64_t count,
                            const Finish<Complex<double>>&);
  Rotate<float> rotate_complex64;
  Rotate<double> rotate_complex128;
};

CCONV_DECLARE_KERNELS(Kernels)

}  // namespace cconv::rows
