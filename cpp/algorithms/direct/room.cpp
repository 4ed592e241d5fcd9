// Direct summation: any case, nothing packed.  Output positions lie in the vector lanes.
//
// The outputs of all images are numbered in C order of (n, od, oh, ow) and cut into strips.  For a
// strip, the input under each term (c, kd, kh, kw) is a row of vectors (gather.h).  The kernel
// multiplies rows by raw weights for all output channels of the item, 256 terms at a time; then the
// sums are finished and stored.
#include <algorithm>
#include <cstring>

#include "algorithms/direct/gather.h"
#include "algorithms/direct/kernel.h"
#include "algorithms/room.h"
#include "algorithms/rows/kernel.h"
#include "runtime/workspace.h"

namespace cconv::direct {
namespace {

constexpr std::int64_t kTermsPerBlock = 256;  // of one chain of additions: bounds the error

// Blocking.  Rows and sums of an item stay in the second-level cache.
constexpr std::int64_t kRowBytes = 160 << 10;
constexpr std::int64_t kSumBytes = 256 << 10;
constexpr std::int64_t kMostPositions = 4096;
constexpr std::int64_t kFewestItems = 64;  // cut channels further until there are so many

struct Tiling {
  std::int64_t lanes;
  std::int64_t positions;         // of a block, before its last one
  std::int64_t row;               // wide rows are cut on their own; 0: blocks run across rows
  std::int64_t blocks_per_row;
  std::int64_t blocks;            // of positions
  std::int64_t channels;          // output channels of an item
  std::int64_t channel_blocks;    // per group
  std::int64_t rows_bytes, sums_bytes, pointers_bytes;

  std::int64_t bytes_per_thread() const { return rows_bytes + sums_bytes + pointers_bytes; }
  std::int64_t items(const Problem& p) const { return blocks * channel_blocks * p.G; }
};

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

constexpr bool is_plain(const Axis& a) {
  const Window& w = a.window;
  return w.kernel == 1 && w.stride == 1 && w.before == 0 && w.after == 0;
}

// Positions that may lie in one row of src: an output row, or more where there is no window.
std::int64_t row_length(const Problem& p) {
  std::int64_t length = p.axis[2].out;
  for (int a = 1; a >= 0 && is_plain(p.axis[a + 1]) && is_plain(p.axis[a]); --a)
    length *= p.axis[a].out;
  return length;
}

Tiling tiling_of(const Problem& p) {
  const Kernels& k = kernels();
  const std::int64_t size = size_of(p.sum_type);
  const std::int64_t lanes = p.sum_type == Type::float64 ? k.lanes_float64 : k.lanes_float32;
  const std::int64_t tile = lanes * k.tile_vectors;
  const std::int64_t terms = std::clamp<std::int64_t>(p.terms(), 1, kTermsPerBlock);
  const std::int64_t OCg = p.OC / p.G, row = row_length(p);

  Tiling t{};
  t.lanes = lanes;
  const std::int64_t wanted = std::clamp(kRowBytes / (terms * size), tile, kMostPositions);
  const std::int64_t total = p.N * p.outputs();
  if (row >= wanted) {
    t.row = row;
    t.blocks_per_row = divide_up(row, wanted / tile * tile);
    t.positions = round_up(divide_up(row, t.blocks_per_row), tile);
    t.blocks_per_row = divide_up(row, t.positions);
    t.blocks = total / row * t.blocks_per_row;
  } else {
    t.positions = wanted / tile * tile;
    t.blocks = divide_up(total, t.positions);
    if (t.blocks <= 1) t.positions = round_up(std::max<std::int64_t>(total, 1), lanes);
  }

  constexpr std::int64_t kChannelStep = 24;  // a multiple of every level's tile
  t.channels = std::max(kSumBytes / (t.positions * size) / kChannelStep, std::int64_t{1}) * kChannelStep;
  t.channels = std::min(t.channels, std::max<std::int64_t>(OCg, 1));
  while (t.channels > 4 * kChannelStep && t.blocks * p.G * divide_up(OCg, t.channels) < kFewestItems)
    t.channels = round_up(t.channels / 2, kChannelStep);
  t.channel_blocks = divide_up(OCg, t.channels);

  t.rows_bytes = round_up(terms * t.positions * size, kCacheLine);
  t.sums_bytes = round_up(t.channels * t.positions * size, kCacheLine);
  t.pointers_bytes = round_up(terms * static_cast<std::int64_t>(sizeof(std::byte*)), kCacheLine);
  return t;
}

template <class T>
class Run {
 public:
  Run(const Problem& problem, const Operands& operands, const Tiling& tiling, std::byte* workspace)
      : p_(problem),
        a_(operands),
        t_(tiling),
        gather_(problem, operands.src),
        workspace_(workspace) {}

  // Items of one block of positions follow one another, so that its input is still in cache.
  void item(std::int64_t index, int worker) const {
    const std::int64_t channel_block = index % t_.channel_blocks;
    index /= t_.channel_blocks;
    const std::int64_t g = index % p_.G;
    const std::int64_t block = index / p_.G;

    const std::int64_t OCg = p_.OC / p_.G;
    const std::int64_t first = channel_block * t_.channels;
    const std::int64_t channels = std::min(t_.channels, OCg - first);
    const std::int64_t o = g * OCg + first;

    std::byte* const scratch = workspace_ + worker * t_.bytes_per_thread();
    auto* const sums = reinterpret_cast<T*>(scratch + t_.rows_bytes);
    const Strip strip = strip_of(block);
    sum(strip, g, o, channels, scratch, sums);
    finish(strip, o, channels, sums);
    store(strip, o, channels, sums);
  }

 private:
  static constexpr int sum_index() { return rows::sum_index(sizeof(T) == 8 ? Type::float64 : Type::float32); }

  Strip strip_of(std::int64_t block) const {
    std::int64_t begin = block * t_.positions;
    std::int64_t end = p_.N * p_.outputs();
    if (t_.row > 0) {
      const std::int64_t row = block / t_.blocks_per_row * t_.row;
      begin = row + block % t_.blocks_per_row * t_.positions;
      end = row + t_.row;
    }
    const std::int64_t count = std::min(t_.positions, end - begin);
    return {begin, count, round_up(count, t_.lanes), Cursor::at(p_, begin)};
  }

  void sum(const Strip& strip, std::int64_t g, std::int64_t o, std::int64_t channels,
           std::byte* scratch, T* sums) const {
    const std::int64_t K = p_.terms();
    if (K == 0) std::fill_n(sums, channels * strip.padded, T(0));
    auto* const pointers = reinterpret_cast<const std::byte**>(scratch + t_.rows_bytes + t_.sums_bytes);
    for (std::int64_t k = 0; k < K; k += kTermsPerBlock) {
      const std::int64_t terms = std::min(kTermsPerBlock, K - k);
      gather_(strip, {g * (p_.IC / p_.G), k, terms}, reinterpret_cast<T*>(scratch), pointers);
      const std::byte* const weights = a_.weights + (o * K + k) * kSize;
      accumulate({pointers, terms, weights, K * kSize, channels, sums, strip.padded, k == 0});
    }
  }

  static void accumulate(const Block<T>& block) {
    if constexpr (sizeof(T) == 8)
      kernels().accumulate_float64(block);
    else
      kernels().accumulate_float32(block);
  }

  void finish(const Strip& strip, std::int64_t o, std::int64_t channels, T* sums) const {
    if (a_.bias == nullptr && p_.activation == Activation::none) return;
    rows::Finish<T> last{T(0), p_.activation, static_cast<T>(p_.slope)};
    for (std::int64_t i = 0; i < channels; ++i) {
      if (a_.bias != nullptr) std::memcpy(&last.bias, a_.bias + (o + i) * kSize, sizeof(T));
      T* const row = sums + i * strip.padded;
      if constexpr (sizeof(T) == 8)
        rows::kernels().finish_float64(row, strip.padded, last);
      else
        rows::kernels().finish_float32(row, strip.padded, last);
    }
  }

  // Positions of one image lie dst.spatial[2] bytes apart.
  void store(const Strip& strip, std::int64_t o, std::int64_t channels, const T* sums) const {
    const rows::Store store = rows::kernels().store[sum_index()][static_cast<int>(p_.dst_type)];
    const View& dst = a_.dst;
    const std::int64_t image = p_.outputs();
    for (std::int64_t i = 0; i < strip.count;) {
      const std::int64_t position = strip.begin + i;
      const std::int64_t within = position % image;
      const std::int64_t count = std::min(strip.count - i, image - within);
      std::byte* const to = dst.data + dst.batch->offset(position / image) + o * dst.channel + within * dst.spatial[2];
      store(sums + i, strip.padded, {to, dst.channel, dst.spatial[2], channels, count});
      i += count;
    }
  }

  static constexpr std::int64_t kSize = sizeof(T);

  const Problem& p_;
  const Operands& a_;
  const Tiling& t_;
  const Gather<T> gather_;
  std::byte* const workspace_;
};

// Where rows without window follow one another in src they are one row: a 1x1 convolution then reads
// its images in place.  The numbering of positions, and so the tiling, stays what it was.
bool rows_merge(const Problem& p, const View& src, int axis) {
  const Axis& row = p.axis[2];
  const Axis& a = p.axis[axis];
  return is_plain(row) && is_plain(a) &&
         (a.in == 1 || src.spatial[axis] == row.in * src.spatial[2]);
}

Problem merge_rows(Problem p, const View& src) {
  for (int axis = 1; axis >= 0 && rows_merge(p, src, axis); --axis) {
    p.axis[2].in = p.axis[2].out = p.axis[2].in * p.axis[axis].in;
    p.axis[axis] = Axis{};
  }
  return p;
}

class Direct final : public Room {
 public:
  Algorithm algorithm() const override { return Algorithm::direct; }
  const char* refusal(const Problem&) const override { return nullptr; }

  double cost(const Problem& p) const override {
    constexpr double kSecondsPerTerm = 0.1e-9, kSecondsPerOutput = 1e-9;
    const double outputs = static_cast<double>(p.N) * static_cast<double>(p.OC) *
                           static_cast<double>(p.outputs());
    return outputs * (kSecondsPerOutput + kSecondsPerTerm * static_cast<double>(p.terms()));
  }

  std::int64_t items(const Problem& p) const override {
    return tiling_of(p).items(p);
  }

  std::int64_t workspace(const Problem& p, int threads) const override {
    return tiling_of(p).bytes_per_thread() * threads;
  }

  std::string tiles(const Problem& p) const override {
    const Tiling t = tiling_of(p);
    return std::to_string(t.positions) + " positions x " + std::to_string(t.channels) +
           " channels x " + std::to_string(std::min(kTermsPerBlock, p.terms())) + " terms";
  }

  void run(const Problem& p, const Operands& operands, int threads, Stop& stop) const override {
    if (rows_merge(p, operands.src, 1))
      run_typed(merge_rows(p, operands.src), operands, threads, stop);
    else
      run_typed(p, operands, threads, stop);
  }

 private:
  static void run_typed(const Problem& p, const Operands& a, int threads, Stop& stop) {
    if (p.sum_type == Type::float64)
      run_as<double>(p, a, threads, stop);
    else
      run_as<float>(p, a, threads, stop);
  }

  template <class T>
  static void run_as(const Problem& p, const Operands& a, int threads, Stop& stop) {
    const Tiling tiling = tiling_of(p);
    const Workspace workspace(tiling.bytes_per_thread() * threads);
    const Run<T> run(p, a, tiling, workspace.data());
    parallel_for(tiling.items(p), threads, stop,
                 [&](std::int64_t item, int worker) { run.item(item, worker); });
  }
};

}  // namespace
}  // namespace cconv::direct

namespace cconv {

const Room& direct_room() {
  static const direct::Direct room;
  return room;
}

}  // namespace cconv
