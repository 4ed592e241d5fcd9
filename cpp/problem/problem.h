// Plain data: what a convolution is (Problem) and where its arrays lie (View).  No behaviour, no
// ownership; made by validate_conv.cpp, read by the plan and the rooms.
#pragma once

#include <cstddef>
#include <cstdint>

#include "problem/types.h"
#include "problem/window.h"

namespace cconv {

enum class Algorithm : std::uint8_t { automatic, direct, gemm, depthwise, filter2d, separable };
constexpr const char* kAlgorithmNames[] = {"auto",      "direct",   "gemm",
                                           "depthwise", "filter2d", "separable"};

constexpr int kSpatial = 3;   // depth, height, width; leading axes a call lacks have extent 1
constexpr int kMaxNdim = 64;  // of an array, as in NumPy

// What a constant border holds; integers exactly, of uint64 the bits.
struct BorderValue {
  Complex<double> value{};
  std::int64_t integer = 0;
};

// What is known of the weights' values: nothing, that they are a column times a row or the sum of
// `rank` such products, that they are all the same.
enum class Form : std::uint8_t { general, separable, constant };

struct Axis {
  std::int64_t in = 1;
  std::int64_t out = 1;
  Window window;
};

// y[n,o,i,j] = bias[o] + sum over c,m,n of x[n, c, i*s + m*d - p, ...] * w[o,c,m,n], then the
// activation, then the cast.  Channels are whole: a group has IC/G inputs and OC/G outputs.
struct Problem {
  int dims = 2;  // spatial axes of the call
  std::int64_t N = 1, IC = 1, OC = 1, G = 1;
  Axis axis[kSpatial];
  Border border = Border::constant;
  BorderValue border_value;
  Type src_type = Type::float32;
  Type weights_type = Type::float32;
  Type sum_type = Type::float32;
  Type dst_type = Type::float32;
  Activation activation = Activation::none;
  double slope = 0;  // of leaky_relu
  bool has_bias = false;
  bool channels_last = false;
  bool prepared = false;  // weights are those of a layer, ready for many calls
  Algorithm algorithm = Algorithm::automatic;
  Form form = Form::general;
  std::int64_t rank = 1;
  bool small_weights = false;  // of that form, and sums of bytes are of few bits, up to a factor

  constexpr std::int64_t taps() const {
    return axis[0].window.kernel * axis[1].window.kernel * axis[2].window.kernel;
  }
  constexpr std::int64_t outputs() const {
    return saturating_multiply(saturating_multiply(axis[0].out, axis[1].out), axis[2].out);
  }
  constexpr std::int64_t terms() const { return IC / G * taps(); }  // of one output, without bias
};

// The axes of a batch.  There may be several (the leading axes of the images under a bare filter),
// because they need not collapse into one.
struct Batch {
  int axes = 0;
  std::int64_t extent[kMaxNdim];
  std::int64_t stride[kMaxNdim];

  // One more axis inside the others; one with the last where their elements follow one another.
  constexpr void add(std::int64_t n, std::int64_t step) {
    if (axes > 0 && stride[axes - 1] == n * step) {
      extent[axes - 1] *= n;
      stride[axes - 1] = step;
      return;
    }
    extent[axes] = n;
    stride[axes] = step;
    ++axes;
  }

  // Byte offset of image n.
  constexpr std::int64_t offset(std::int64_t n) const {
    std::int64_t bytes = 0;
    for (int a = axes - 1; a > 0; --a) {
      bytes += n % extent[a] * stride[a];
      n /= extent[a];
    }
    return axes > 0 ? bytes + n * stride[0] : 0;
  }
};

// A tensor in memory: any strides, in bytes.
struct View {
  std::byte* data = nullptr;
  const Batch* batch = nullptr;
  std::int64_t channel = 0;
  std::int64_t spatial[kSpatial] = {0, 0, 0};
};

// The arrays of one convolution.  weights: OC x IC/G x taps, bias: OC or null; both in the sum's
// type, contiguous, any alignment; or both as the room has prepared them, aligned to a cache line.
struct Operands {
  View src;
  const std::byte* weights = nullptr;
  const std::byte* bias = nullptr;
  View dst;
  const std::byte* prepared = nullptr;
};

}  // namespace cconv
