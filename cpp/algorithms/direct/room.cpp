// Direct summation: any case, nothing packed.  Output positions lie in the vector lanes.
//
// The outputs of all images are numbered in C order of (n, od, oh, ow) and cut into strips.  For a
// strip, the input under each term (c, kd, kh, kw) is a row of vectors (gather.h).  The kernel
// multiplies rows by raw weights for many output channels, 256 terms at a time; then the sums are
// finished and stored, and the next channels take the same rows.  Sums grow in the result itself
// where that has room for them.
#include "algorithms/room.h"

#include <algorithm>
#include <cstring>

#include "algorithms/direct/cost.h"
#include "algorithms/direct/gather.h"
#include "algorithms/direct/kernel.h"
#include "algorithms/direct/tiling.h"
#include "algorithms/rows/sums.h"
#include "problem/plain.h"

namespace cconv::direct {
namespace {

// The kernel's multiplication of real numbers, by type.
void accumulate(const Block<float>& block) { kernels().accumulate_float32(block); }
void accumulate(const Block<double>& block) { kernels().accumulate_float64(block); }
void accumulate(const Block<std::uint32_t>& block) { kernels().accumulate_uint32(block); }
void accumulate(const Block<std::uint64_t>& block) { kernels().accumulate_uint64(block); }

using rows::Sum;

template <class T>
class Run {
 public:
  Run(const Problem& problem, const Operands& operands, const Tiling& tiling, std::byte* workspace)
      : p_(problem),
        a_(operands),
        bounds_(rows::bounds_of<T>(problem)),
        t_(tiling),
        gather_(problem, operands.src),
        workspace_(workspace) {}

  // Items of one block of positions follow one another, so that its input is still in cache.
  void item(std::int64_t index, int worker, Stop& stop) const {
    const std::int64_t channel_block = index % t_.channel_blocks;
    index /= t_.channel_blocks;
    const std::int64_t g = index % p_.G;
    const std::int64_t block = index / p_.G;

    const std::int64_t OCg = p_.OC / p_.G;
    const std::int64_t first = channel_block * t_.channels;
    const std::int64_t end = std::min(OCg, first + t_.channels);
    const Strip strip = strip_of(block);
    for (std::int64_t o = first; o < end; o += t_.summed) {
      const Channels channels{g, g * OCg + o, std::min(t_.summed, end - o)};
      compute(strip, channels, o > first, worker, stop);
      if (stop.requested()) return;
    }
  }

 private:
  using Product = typename Sum<T>::Product;
  static constexpr Type kType = Sum<T>::kType;
  static constexpr std::int64_t kSize = sizeof(T);
  static constexpr std::int64_t kProducts = products_per_term(kType);

  // Output channels [first, first + count) of group g.
  struct Channels {
    std::int64_t g, first, count;
  };

  // One strip for each channel, `pitch` elements apart.
  struct Sums {
    T* data;
    std::int64_t pitch;
  };

  // A strip's results.  `gathered`: its rows are in scratch, as other channels left them.
  void compute(const Strip& strip, const Channels& channels, bool gathered, int worker,
               Stop& stop) const {
    std::byte* const scratch = workspace_ + worker * t_.bytes_per_thread();
    const bool in_dst = holds_sums(strip);
    const Sums sums =
        in_dst ? Sums{reinterpret_cast<T*>(at(strip.begin, channels.first)), a_.dst.channel / kSize}
               : Sums{reinterpret_cast<T*>(scratch + t_.rows_bytes), sums_pitch(p_, strip.padded)};
    sum(strip, channels, gathered, scratch, sums, worker, stop);
    if (stop.requested()) return;
    finish(strip, channels, sums);
    if (!in_dst) store(strip, channels, sums);
  }

  // The result of a position and a channel.
  std::byte* at(std::int64_t position, std::int64_t o) const {
    const View& dst = a_.dst;
    return dst.data + dst.batch->offset(position / p_.outputs()) + o * dst.channel +
           position % p_.outputs() * dst.spatial[2];
  }

  // Whether the results of a strip lie as its sums do, in whole vectors; and are written once: rows
  // in scratch, which are aligned, grow faster.
  bool holds_sums(const Strip& strip) const {
    const std::int64_t image = p_.outputs();
    if (p_.terms() > terms_per_block(kType)) return false;
    const bool same = p_.dst_type == kType && p_.dst_type == rows::finished_type<T>(p_);
    if (!same || a_.dst.spatial[2] != kSize || strip.count * kSize % kCacheLine != 0) return false;
    if (strip.begin / image != (strip.begin + strip.count - 1) / image) return false;
    const auto address = reinterpret_cast<std::intptr_t>(at(strip.begin, 0));
    return a_.dst.channel % kSize == 0 && address % std::int64_t{alignof(T)} == 0;
  }

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

  // Ends early after a stop: sums may be long, and one of them all there is to do.
  void sum(const Strip& strip, const Channels& channels, bool gathered, std::byte* scratch,
           const Sums& sums, int worker, Stop& stop) const {
    const std::int64_t K = p_.terms();
    static constexpr std::byte kNone[kSize] = {};
    const bool biased = kProducts == 1 && a_.bias != nullptr;
    const std::byte* const bias = biased ? a_.bias + channels.first * kSize : kNone;
    auto* const rows = reinterpret_cast<T*>(scratch);
    auto* const pointers =
        reinterpret_cast<const std::byte**>(scratch + t_.rows_bytes + t_.sums_bytes);
    for (std::int64_t k = 0; k == 0 || k < K; k += terms_per_block(kType)) {
      if (k > 0 && worker == 0) stop.poll_when_due();
      if (stop.requested()) return;
      const std::int64_t terms = std::min(terms_per_block(kType), K - k);
      if (!gathered) {
        gather_(strip, {channels.g * (p_.IC / p_.G), k, terms}, rows, pointers);
        if constexpr (kProducts == 2)
          rotate(strip, terms, rows + t_.rows_bytes / kProducts / kSize, pointers);
      }
      const std::byte* const weights = a_.weights + (channels.first * K + k) * kSize;
      accumulate(Block<Product>{pointers, terms * kProducts, weights, K * kSize, channels.count,
                                reinterpret_cast<Product*>(sums.data), sums.pitch * kProducts,
                                strip.padded * kProducts, k == 0, bias, biased ? kSize : 0,
                                k + terms == K ? bounds_ : rows::Bounds<Product>{}});
    }
  }

  // w x = re(w) x + im(w) i x: a complex term is two real ones, and its weight lies in memory as
  // theirs.  Puts the row of i x behind each row of x.
  void rotate(const Strip& strip, std::int64_t terms, T* rotated,
              const std::byte** pointers) const {
    for (std::int64_t k = terms - 1; k >= 0; --k) {
      T* const row = rotated + k * strip.padded;
      Sum<T>::rotate()(pointers[k], strip.padded, row);
      pointers[2 * k] = pointers[k];
      pointers[2 * k + 1] = reinterpret_cast<const std::byte*>(row);
    }
  }

  T bias_of(std::int64_t o) const {
    T bias{};
    if (a_.bias != nullptr) std::memcpy(&bias, a_.bias + o * kSize, sizeof(T));
    return bias;
  }

  // The biases of complex sums, and activations that do more than bound.
  void finish(const Strip& strip, const Channels& channels, const Sums& sums) const {
    const bool biased = kProducts > 1 && a_.bias != nullptr;
    if (!biased && rows::only_bounds(p_.activation)) return;
    for (std::int64_t i = 0; i < channels.count; ++i)
      rows::finish(p_, biased ? bias_of(channels.first + i) : T{}, sums.data + i * sums.pitch,
                   strip.count);
  }

  // Positions of one image lie dst.spatial[2] bytes apart.
  void store(const Strip& strip, const Channels& channels, const Sums& sums) const {
    const rows::Store store =
        rows::kernels().store[sum_index(rows::finished_type<T>(p_))][static_cast<int>(p_.dst_type)];
    const View& dst = a_.dst;
    const std::int64_t image = p_.outputs();
    for (std::int64_t i = 0; i < strip.count;) {
      const std::int64_t position = strip.begin + i;
      const std::int64_t count = std::min(strip.count - i, image - position % image);
      store(sums.data + i, sums.pitch,
            {at(position, channels.first), dst.channel, dst.spatial[2], channels.count, count});
      i += count;
    }
  }

  const Problem& p_;
  const Operands& a_;
  const rows::Bounds<Product> bounds_;
  const Tiling& t_;
  const Gather<T> gather_;
  std::byte* const workspace_;
};

class Direct final : public Room {
 public:
  Algorithm algorithm() const override { return Algorithm::direct; }
  const char* refusal(const Problem&) const override { return nullptr; }

  double cost(const Problem& p) const override { return seconds(p); }

  std::int64_t items(const Problem& p) const override { return tiling_of(p).items(p); }

  std::int64_t workspace(const Problem& p, int threads) const override {
    return tiling_of(p).bytes_per_thread() * threads;
  }

  std::string tiles(const Problem& p) const override {
    const Tiling t = tiling_of(p);
    return std::to_string(t.positions) + " positions x " + std::to_string(t.channels) +
           " channels x " + std::to_string(std::min(terms_per_block(p.sum_type), p.terms())) +
           " terms";
  }

  void run(const Problem& p, const Operands& operands, int threads, Stop& stop) const override {
    if (rows_merge(p, operands.src, 1))
      run_typed(merge_rows(p, operands.src), operands, threads, stop);
    else
      run_typed(p, operands, threads, stop);
  }

 private:
  static void run_typed(const Problem& p, const Operands& a, int threads, Stop& stop) {
    if (p.sum_type == Type::complex64) return run_as<Complex<float>>(p, a, threads, stop);
    if (p.sum_type == Type::complex128) return run_as<Complex<double>>(p, a, threads, stop);
    rows::with_sum_type(p, [&](auto zero) { run_as<decltype(zero)>(p, a, threads, stop); });
  }

  template <class T>
  static void run_as(const Problem& p, const Operands& a, int threads, Stop& stop) {
    const Tiling tiling = tiling_of(p);
    const Workspace workspace(tiling.bytes_per_thread() * threads);
    const Run<T> run(p, a, tiling, workspace.data());
    parallel_for(tiling.items(p), threads, stop,
                 [&](std::int64_t item, int worker) { run.item(item, worker, stop); });
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
