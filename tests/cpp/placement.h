// How a test's tensors lie in memory.
#pragma once

#include <algorithm>
#include <vector>

#include "cases.h"
#include "elements.h"
#include "naive.h"

namespace cconv::naive {

struct Placement {
  std::int64_t strides[kAxes];
  std::int64_t origin, bytes;  // the first element's offset; all elements
};

// Any order of the axes in memory, gaps, odd distances, negative steps.
inline Placement scattered(const Tensor& t, std::int64_t size, Random& random) {
  int order[kAxes] = {0, 1, 2, 3, 4};
  for (int i = kAxes - 1; i > 0; --i) std::swap(order[i], order[random.between(0, i)]);
  Placement place{{}, 0, 0};
  std::int64_t reach = size + (random.between(0, 3) == 0);
  for (const int axis : order) {
    if (random.between(0, 3) == 0) reach += random.between(0, 2) * size;
    const bool backwards = random.between(0, 3) == 0;
    place.strides[axis] = backwards ? -reach : reach;
    if (backwards) place.origin += (t.extent[axis] - 1) * reach;
    reach *= t.extent[axis];
  }
  for (int axis = 0; axis < kAxes; ++axis)
    place.bytes += (t.extent[axis] - 1) * std::abs(place.strides[axis]);
  place.bytes = t.values.empty() ? 0 : place.bytes + size;
  if (t.values.empty()) place.origin = 0;
  return place;
}

// C order of (n, c, d, h, w) or of (n, d, h, w, c).
inline Placement contiguous(const Tensor& t, std::int64_t size, bool channels_last) {
  const int order[] = {channels_last ? 1 : 4, channels_last ? 4 : 3, channels_last ? 3 : 2,
                       channels_last ? 2 : 1, 0};
  Placement place{{}, 0, size};
  for (const int axis : order) {
    place.strides[axis] = place.bytes;
    place.bytes *= t.extent[axis];
  }
  return place;
}

// A tensor in memory, its images counted by one axis, or by two where their number is even.
struct Placed {
  Batch batch;
  View view;

  Placed(std::byte* data, const Tensor& t, const Placement& placement) {
    const std::int64_t N = t.extent[0], step = placement.strides[0];
    batch.axes = N % 2 == 0 ? 2 : 1;
    batch.extent[0] = N / batch.axes, batch.stride[0] = batch.axes * step;
    batch.extent[1] = batch.axes, batch.stride[1] = step;
    view = {data + placement.origin, &batch, placement.strides[1], {}};
    std::copy_n(placement.strides + 2, kSpatial, view.spatial);
  }
  Placed(const Placed&) = delete;
};

inline std::vector<std::byte> dense(Type type, Tensor& t) {
  std::vector<std::byte> bytes(t.values.size() * static_cast<std::size_t>(size_of(type)));
  const Placement place = contiguous(t, size_of(type), false);
  t.each(place.strides,
         [&](Number value, std::int64_t at) { write_number(type, value, bytes.data() + at); });
  return bytes;
}

}  // namespace cconv::naive
