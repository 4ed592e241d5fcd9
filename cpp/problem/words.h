// The words of refusals.
#pragma once

#include <cstdint>
#include <string>

#include "problem/arguments.h"
#include "problem/refusal.h"

namespace cconv {

// Words of a message, from strings, characters and counts.
inline void append(std::string& line, const std::string& part) { line += part; }
inline void append(std::string& line, const char* part) { line += part; }
inline void append(std::string& line, std::int64_t part) { line += std::to_string(part); }

template <class... Parts>
std::string words(const Parts&... parts) {
  std::string line;
  (append(line, parts), ...);
  return line;
}

template <class... Parts>
[[noreturn]] void refuse_value(const char* call, const Parts&... parts) {
  throw Refusal(Refusal::Kind::value, words(call, ": ", parts...));
}

template <class... Parts>
[[noreturn]] void refuse_type(const char* call, const Parts&... parts) {
  throw Refusal(Refusal::Kind::type, words(call, ": ", parts...));
}

inline std::string shape_text(const std::int64_t* shape, int ndim) {
  std::string text = "(";
  for (int a = 0; a < ndim; ++a) text += (a ? ", " : "") + std::to_string(shape[a]);
  return text + (ndim == 1 ? ",)" : ")");
}

inline std::string shape_text(const Array& array) { return shape_text(array.shape, array.ndim); }

inline std::string dtype_text(const Array& array, const Describe& describe) {
  return array.type == Type::other ? describe.dtype(array.object) : name_of(array.type);
}

// Spatial axis `a` of a call with `dims` of them, and what lies along it.
inline const char* axis_name(int dims, int a) {
  constexpr const char* kNames[] = {"depth", "height", "width"};
  return dims == 1 ? "length" : kNames[3 - dims + a];
}
inline const char* unit_name(int dims, int a) {
  constexpr const char* kNames[] = {"slices", "rows", "columns"};
  return dims == 1 ? "positions" : kNames[3 - dims + a];
}

inline std::string quoted_list(const char* const* names, int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += words(i ? ", " : "", "\"", names[i], "\"");
  return list;
}

}  // namespace cconv
