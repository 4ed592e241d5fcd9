// A problem as planes of pixels: what the rooms that filter planes see of it.
#pragma once

#include "problem/plain.h"
#include "problem/problem.h"

namespace cconv::planes {

// N * planes planes of src and as many of dst, each filtered on its own.  A pixel has `inner`
// elements side by side that are filtered alike (the channels under a bare filter); columns are
// counted in elements.
struct Geometry {
  Axis d, h, w;
  std::int64_t inner = 1;
  std::int64_t N = 1, planes = 1;
  const Batch* src_batch = nullptr;
  const Batch* dst_batch = nullptr;
  std::int64_t src_plane = 0, dst_plane = 0;  // bytes between planes of an image
  std::int64_t src_step[3] = {}, dst_step[3] = {};
  bool weights_per_plane = false;

  std::int64_t columns() const { return w.out * inner; }
};

// A plane of outputs.
struct Unit {
  std::int64_t n, plane, od;
};

inline std::int64_t units_of(const Geometry& g) { return g.N * g.planes * g.d.out; }

inline Unit unit_of(const Geometry& g, std::int64_t index) {
  const std::int64_t plane = index / g.d.out;
  return {plane / g.planes, plane % g.planes, index % g.d.out};
}

// Of row oh of a plane of outputs, in bytes.
inline std::int64_t dst_offset(const Geometry& g, const Unit& u, std::int64_t oh) {
  return g.dst_batch->offset(u.n) + u.plane * g.dst_plane + u.od * g.dst_step[0] +
         oh * g.dst_step[1];
}

// Whether axes are h, w and the channels under a bare filter, not d, h and w.
inline bool is_folded(const Problem& p) {
  if (p.dims == kSpatial || !is_plain(p.axis[2])) return false;
  const Axis& before = p.axis[kSpatial - 1 - p.dims];
  return before.in > 1 || !is_plain(before);
}

// `dense`: the channels of neighbouring pixels follow one another in src.
inline Geometry geometry_of(const Problem& p, bool dense) {
  Geometry g;
  g.N = p.N;
  g.planes = p.G;
  g.weights_per_plane = p.G > 1;
  if (!is_folded(p)) {
    g.d = p.axis[0], g.h = p.axis[1], g.w = p.axis[2];
    return g;
  }
  g.h = p.axis[0], g.w = p.axis[1];
  (dense && g.w.window.stride == 1 ? g.inner : g.planes) = p.axis[2].in;
  return g;
}

inline bool is_dense(const Problem& p, const View& src) {
  return src.spatial[2] == size_of(p.src_type) &&
         src.spatial[1] == p.axis[2].in * size_of(p.src_type);
}

inline Geometry geometry_of(const Problem& p, const View& src, const View& dst) {
  Geometry g = geometry_of(p, is_dense(p, src));
  g.src_batch = src.batch;
  g.dst_batch = dst.batch;
  const bool folded = is_folded(p);
  for (int i = 0; i < kSpatial; ++i) {
    // Axes of the problem are d, h, w, or folded h, w, channel.
    const int axis = folded ? i - 1 : i;
    g.src_step[i] = axis < 0 ? 0 : src.spatial[axis];
    g.dst_step[i] = axis < 0 ? 0 : dst.spatial[axis];
  }
  g.src_plane = folded ? src.spatial[2] : src.channel;
  g.dst_plane = folded ? dst.spatial[2] : dst.channel;
  if (g.inner > 1) {
    g.src_step[2] = src.spatial[2];
    g.dst_step[2] = dst.spatial[2];
  }
  return g;
}

// Whether neighbouring rows of outputs share rows of input in a way that the kernel knows.
inline bool shares_rows(const Geometry& g) {
  return g.h.window.dilation == 1 && g.h.window.stride <= 2;
}

// Rows of input, of one depth, under a band of so many rows of outputs.
inline std::int64_t rows_under(const Geometry& g, std::int64_t band) {
  return shares_rows(g) ? saturating_add((band - 1) * g.h.window.stride, g.h.window.kernel)
                        : g.h.window.kernel;
}

}  // namespace cconv::planes
