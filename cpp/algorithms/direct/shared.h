// How many positions direct summation wants to sum at once, and when taps share copies: a phase of
// a channel (problem/window.h) is copied once for all of them, border included, as far as windows
// reach.
#pragma once

#include <algorithm>

#include "algorithms/direct/kernel.h"
#include "algorithms/direct/prices.h"
#include "runtime/workspace.h"

namespace cconv::direct {

// Multiplications in one chain of additions: bounds the error.  A complex term has two.
constexpr std::int64_t kProductsPerBlock = 256;

constexpr std::int64_t products_per_term(Type sum) { return is_complex(sum) ? 2 : 1; }
constexpr std::int64_t terms_per_block(Type sum) {
  return kProductsPerBlock / products_per_term(sum);
}

// Blocking.  Rows and sums of an item stay in the second-level cache.
constexpr std::int64_t kRowBytes = 160 << 10;
constexpr std::int64_t kSumBytes = 256 << 10;
constexpr std::int64_t kMostPositions = 4096;
constexpr std::int64_t kFewestItems = 16;  // cut channels further until there are so many
constexpr std::int64_t kChannelStep = 24;  // a multiple of every level's tile
constexpr std::int64_t kFewestChannels = 4 * kChannelStep;

// Positions come in multiples of these.
inline std::int64_t lanes_of(const Problem& p) {
  const Kernels& k = kernels();
  const std::int64_t products = products_per_term(p.sum_type);
  return divide_up(size_of(p.sum_type) / products == 8 ? k.lanes_float64 : k.lanes_float32,
                   products);
}

// Of a block.
inline std::int64_t most_terms(const Problem& p) {
  return std::clamp<std::int64_t>(p.terms(), 1, terms_per_block(p.sum_type));
}

// Where many output channels pass over copies of few rows, these are made in the first-level cache,
// or near it.
inline std::int64_t positions_wanted(const Problem& p) {
  constexpr std::int64_t kNearBytes = 12 << 10, kPositions = 384;
  const std::int64_t bytes = most_terms(p) * size_of(p.sum_type);
  const bool copied = p.taps() > 1 || p.axis[2].window.stride > 1;
  const std::int64_t row_bytes = copied && p.OC / p.G >= kManyChannels
                                     ? std::clamp(kPositions * bytes, kNearBytes, kRowBytes)
                                     : kRowBytes;
  return std::clamp(row_bytes / bytes, lanes_of(p) * kernels().tile_steps, kMostPositions);
}

// Positions that may lie in one row of src: an output row, or more where its axis has no window and
// the next one takes no steps over rows.
constexpr std::int64_t row_length(const Problem& p) {
  std::int64_t length = p.axis[2].out;
  for (int a = 1; a >= 0 && is_plain(p.axis[a + 1]) && p.axis[a].window.stride == 1; --a)
    length = saturating_multiply(length, p.axis[a].out);
  return length;
}

// Rows lie pages apart, at any alignment.  Tiles of short vectors pass over them so often that
// copies are worth it, for many output channels (benchmarks/cpp, direct/resnet50/k1*).
inline bool copies_pay(const Problem& p) { return short_vectors() && p.OC / p.G >= kManyChannels; }

// Whether most rows of the kernel are rows of src.
inline bool reads_in_place(const Problem& p) {
  constexpr std::int64_t kManyBlocks = 8;  // of which the first and the last see a border
  const Window& w = p.axis[2].window;
  if (w.stride > 1 || p.src_type != p.sum_type || lies_across(p) || copies_pay(p)) return false;
  const bool padded = w.before > 0 || w.after > 0;
  return row_length(p) >= (padded ? kManyBlocks : 1) * positions_wanted(p);
}

// Sums of one block of terms grow in the result, where strips of it are whole vectors: all but the
// last of an image may be.
inline bool grows_in_place(const Problem& p) {
  constexpr std::int64_t kManyPositions = 2048;
  return p.terms() <= terms_per_block(p.sum_type) && p.dst_type == p.sum_type &&
         !(p.channels_last && p.OC > 1) &&
         (p.outputs() % lanes_of(p) == 0 || p.outputs() >= kManyPositions);
}

// The problem whose taps are the phases and whose outputs are all places in them.
inline Problem phases_of(Problem p) {
  for (Axis* const a : {&p.axis[1], &p.axis[2]}) {
    Window& w = a->window;
    a->out += most_shifted(w);
    w.kernel = phases(w);
    w.dilation = 1;
    // The last places of some phases are no tap's.
    w.after = std::max<std::int64_t>(0, input_index(w, a->out - 1, w.kernel - 1) - (a->in - 1));
  }
  return p;
}

// Blocks whose taps share copies: rows x columns of outputs, or none.  The sums of a row
// lie `pitch` from those of the next one; the ones in between are of no output.
struct Shared {
  std::int64_t rows = 0, columns = 0, pitch = 0;
  std::int64_t down = 0, across = 0;    // blocks of a plane of outputs
  std::int64_t below = 0, beside = 0;   // rows and columns of a phase that only windows reach
  std::int64_t channels = 0, taps = 0;  // copied for a block of terms; of a channel

  std::int64_t positions() const { return (rows - 1) * pitch + columns; }
  std::int64_t places() const { return positions() + reach(); }  // of a copy
  std::int64_t reach() const { return below * pitch + beside; }  // from the first tap to the last
};

// Whether what is copied less is worth what is summed in vain, and that sums lie in scratch.
inline bool pays(const Problem& p, const Shared& s) {
  const auto real = [](std::int64_t n) { return static_cast<double>(n); };
  const double outputs = real(s.rows * s.columns), channels = real(p.OC / p.G);
  const double terms = real(most_terms(p));
  const double copies = real(s.channels * s.taps) * real(s.places()) / outputs;
  const double in_vain = real(s.positions()) / outputs - 1;
  // A copy of what other taps have read is worth half of one that reads first.
  const double saved = (terms - 2 * copies) * (per_copy(p) + kPerPiece / real(s.columns));
  const double lost = in_vain * terms * channels * rows::seconds_per_product(p);
  const bool stored = s.rows > 1 && grows_in_place(p);
  return saved > lost + (stored ? channels * (kPerOutputStored - kPerOutput) : 0);
}

inline Shared shared_of(const Problem& p) {
  const Axis &d = p.axis[0], &h = p.axis[1], &w = p.axis[2];
  const std::int64_t taps = p.taps(), outputs = p.outputs();
  // What takes as long as finding out.
  constexpr std::int64_t kFewCopies = 2048;
  if (taps == d.window.kernel || is_complex(p.sum_type) || outputs == kMaxExtent ||
      saturating_product({p.IC, taps, p.N, outputs}) < kFewCopies)
    return {};
  Shared s;
  s.below = most_shifted(h.window), s.beside = most_shifted(w.window);
  s.taps = saturating_product({d.window.kernel, phases(h.window), phases(w.window)});
  if (s.taps >= taps || s.below > h.out || s.beside > w.out || reads_in_place(p)) return {};

  constexpr std::int64_t kSharedNear = 48 << 10, kFewestColumns = 256;
  s.channels = std::min(p.IC / p.G, (most_terms(p) - 1) / taps + 2);
  s.pitch = saturating_add(w.out, s.beside);
  const std::int64_t bytes = p.OC / p.G < kManyChannels ? kRowBytes : kSharedNear;
  const std::int64_t places = std::min(
      bytes / saturating_product({s.channels, s.taps, size_of(p.sum_type)}), kMostPositions);
  s.columns = w.out;
  if (s.below == 0 && s.pitch > places)
    s.columns = std::min(w.out, std::max(places - s.beside, kFewestColumns));
  else if (saturating_multiply(s.below + 1, s.pitch) > 2 * places)
    return {};
  // Items for some threads.
  constexpr std::int64_t kSomeItems = 4;
  const std::int64_t others =
      saturating_product({p.N, d.out, p.G, divide_up(p.OC / p.G, kFewestChannels)});
  const std::int64_t most =
      others >= kSomeItems
          ? h.out
          : divide_up(h.out, divide_up(kSomeItems, std::max<std::int64_t>(others, 1)));
  s.rows = std::clamp<std::int64_t>(places / s.pitch - s.below, 1, most);
  s.down = divide_up(h.out, s.rows), s.across = divide_up(w.out, s.columns);
  s.rows = divide_up(h.out, s.down), s.columns = divide_up(w.out, s.across);
  return pays(p, s) ? s : Shared{};
}

}  // namespace cconv::direct
