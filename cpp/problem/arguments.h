// What a caller passed, unjudged: values with a tag of what they are, arrays with shape and
// strides. Made by the bindings, judged by validate_*.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "problem/types.h"

namespace cconv {

struct Value {
  enum class Kind : std::uint8_t {
    none,
    boolean,  // integer holds 0 or 1
    integer,
    huge,  // an integer beyond int64; real is near it
    real,
    complex,  // real and imaginary
    text,
    sequence,
    other,
  };

  Kind kind = Kind::none;
  std::int64_t integer = 0;
  double real = 0;
  double imaginary = 0;
  bool is_uint64 = false;  // a huge integer that 64 bits without sign hold: in `integer`
  std::string_view text;
  const Value* items = nullptr;  // of a sequence; null when it is longer than any argument may be
  std::int64_t size = 0;
  const void* object = nullptr;  // the caller's object, for Describe

  static Value of(Kind kind, std::int64_t integer) {
    Value value;
    value.kind = kind;
    value.integer = integer;
    return value;
  }
  static Value of(bool flag) { return of(Kind::boolean, flag); }
  static Value of(std::int64_t number) { return of(Kind::integer, number); }
};

struct Array {
  std::byte* data = nullptr;
  Type type = Type::other;
  int ndim = 0;
  const std::int64_t* shape = nullptr;
  const std::int64_t* strides = nullptr;  // bytes
  bool writable = false;
  bool c_contiguous = false;
  bool native = true;  // byte order
  // Where the caller's elements lie; null where these are they, not converted ones.
  const std::byte* origin = nullptr;
  const std::int64_t* origin_strides = nullptr;
  std::int64_t origin_size = 0;  // bytes of an element
  const void* object = nullptr;  // the caller's object, for Describe
};

// How the bindings show an object in a message: the value as Python writes it, cut to a line, and
// the name of an array's dtype.
struct Describe {
  std::string (*value)(const void* object) = nullptr;
  std::string (*dtype)(const void* object) = nullptr;
};

// The options of a convolution, which a prepared layer keeps from call to call.
struct ConvOptions {
  const char* call = "conv2d";  // how messages begin
  int dims = 2;
  Value stride, padding, dilation, groups;
  Value padding_mode, padding_value, activation, channels_last, algorithm;
  bool dtype_given = false;
  Type dtype = Type::other;
  const void* dtype_object = nullptr;
  Describe describe;
};

struct ConvArguments {
  const ConvOptions& options;
  Array x;
  Array weight;
  const Array* bias = nullptr;
};

}  // namespace cconv
