// Direct summation: any case, nothing packed.  Output positions lie in the vector lanes.
//
// The outputs of all images are numbered in C order of (n, od, oh, ow) and cut into strips.  For a
// strip, the input under each term (c, kd, kh, kw) is a row of vectors (gather.h); or a strip is of
// whole rows of outputs, and the taps of a channel share its copy (shared.h).  The kernel
// multiplies rows by raw weights for many output channels, 256 terms at a time; then the sums are
// finished and stored, and the next channels take the same rows.  Sums grow in the result itself
// where that has room for them.
#include "algorithms/room.h"

#include <algorithm>
#include <cstring>
#include <optional>

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
  // copied: the problem whose taps are the rows that are gathered.
  Run(const Problem& problem, const Problem& copied, const Operands& operands, const Tiling& tiling,
      std::byte* workspace)
      : p_(problem),
        a_(operands),
        bounds_(rows::bounds_of<T>(problem)),
        t_(tiling),
        gather_(copied, operands.src),
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
    const Outputs outputs = outputs_of(block);
    for (std::int64_t o = first; o < end; o += t_.summed) {
      if (o > first && worker == 0) stop.poll_when_due();
      const Channels channels{g, g * OCg + o, std::min(t_.summed, end - o)};
      compute(outputs, channels, o > first, worker, stop);
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

  // `rows` times `count` positions that follow one another, the first of all at `begin`, their sums
  // `pitch` apart; `padded` sums are computed.
  struct Outputs {
    std::int64_t begin, rows, count, pitch, padded;

    std::int64_t sums() const { return (rows - 1) * pitch + count; }
  };

  // One strip for each channel, `pitch` elements apart.
  struct Sums {
    T* data;
    std::int64_t pitch;
  };

  // The results of a block.  `gathered`: its rows are in scratch, as other channels left them.
  void compute(const Outputs& outputs, const Channels& channels, bool gathered, int worker,
               Stop& stop) const {
    std::byte* const scratch = workspace_ + worker * t_.bytes_per_thread();
    const bool in_dst = holds_sums(outputs);
    const Sums sums =
        in_dst
            ? Sums{reinterpret_cast<T*>(at(outputs.begin, channels.first)), a_.dst.channel / kSize}
            : Sums{reinterpret_cast<T*>(scratch + t_.rows_bytes), sums_pitch(p_, outputs.padded)};
    sum(outputs, channels, gathered, scratch, sums, worker, stop);
    if (stop.requested()) return;
    finish(outputs, channels, sums);
    if (!in_dst) store(outputs, channels, sums);
  }

  // The result of a position and a channel.
  std::byte* at(std::int64_t position, std::int64_t o) const {
    const View& dst = a_.dst;
    return dst.data + dst.batch->offset(position / p_.outputs()) + o * dst.channel +
           position % p_.outputs() * dst.spatial[2];
  }

  // Whether the results of a block lie as its sums do, in whole vectors; and are written once: rows
  // in scratch, which are aligned, grow faster.
  bool holds_sums(const Outputs& outputs) const {
    const std::int64_t image = p_.outputs();
    if (p_.terms() > terms_per_block(kType) || outputs.rows > 1) return false;
    const bool same = p_.dst_type == kType && p_.dst_type == rows::finished_type<T>(p_);
    if (!same || a_.dst.spatial[2] != kSize || outputs.count * kSize % kCacheLine != 0)
      return false;
    if (outputs.begin / image != (outputs.begin + outputs.count - 1) / image) return false;
    const auto address = reinterpret_cast<std::intptr_t>(at(outputs.begin, 0));
    return a_.dst.channel % kSize == 0 && address % std::int64_t{alignof(T)} == 0;
  }

  Outputs outputs_of(std::int64_t block) const {
    if (const Shared& s = t_.shared; s.rows > 0) {
      const std::int64_t OH = p_.axis[1].out, OW = p_.axis[2].out;
      const std::int64_t ow = block % s.across * s.columns, oh = block / s.across % s.down * s.rows;
      const std::int64_t plane = block / s.across / s.down;
      const std::int64_t rows = std::min(s.rows, OH - oh), count = std::min(s.columns, OW - ow);
      return {(plane * OH + oh) * OW + ow, rows, count, s.pitch,
              round_up((rows - 1) * s.pitch + count, t_.lanes)};
    }
    std::int64_t begin = block * t_.positions;
    std::int64_t end = p_.N * p_.outputs();
    if (t_.row > 0) {
      const std::int64_t row = block / t_.blocks_per_row * t_.row;
      begin = row + block % t_.blocks_per_row * t_.positions;
      end = row + t_.row;
    }
    const std::int64_t count = std::min(t_.positions, end - begin);
    return {begin, 1, count, 0, round_up(count, t_.lanes)};
  }

  // Ends early after a stop: sums may be long, and one of them all there is to do.
  void sum(const Outputs& outputs, const Channels& channels, bool gathered, std::byte* scratch,
           const Sums& sums, int worker, Stop& stop) const {
    const std::int64_t K = p_.terms();
    static constexpr std::byte kNone[kSize] = {};
    const bool biased = kProducts == 1 && a_.bias != nullptr;
    const std::byte* const bias = biased ? a_.bias + channels.first * kSize : kNone;
    auto* const pointers =
        reinterpret_cast<const std::byte**>(scratch + t_.rows_bytes + t_.sums_bytes);
    for (std::int64_t k = 0; k == 0 || k < K; k += terms_per_block(kType)) {
      if (k > 0 && worker == 0) stop.poll_when_due();
      if (stop.requested()) return;
      const std::int64_t terms = std::min(terms_per_block(kType), K - k);
      if (!gathered) find_rows(outputs, {channels.g * (p_.IC / p_.G), k, terms}, scratch, pointers);
      const std::byte* const weights = a_.weights + (channels.first * K + k) * kSize;
      accumulate(Block<Product>{pointers, terms * kProducts, weights, K * kSize, channels.count,
                                reinterpret_cast<Product*>(sums.data), sums.pitch * kProducts,
                                outputs.padded * kProducts, k == 0, bias, biased ? kSize : 0,
                                k + terms == K ? bounds_ : rows::Bounds<Product>{}});
    }
  }

  // pointers[k]: the row of a term.
  void find_rows(const Outputs& outputs, const Terms& terms, std::byte* scratch,
                 const std::byte** pointers) const {
    auto* const rows = reinterpret_cast<T*>(scratch);
    const Cursor cursor = Cursor::at(p_, outputs.begin);
    if (t_.shared.rows > 0) return share_rows(outputs, cursor, terms, rows, pointers);
    const Strip strip{cursor, outputs.count, outputs.padded};
    gather_(strip, terms, rows, pointers);
    if constexpr (kProducts == 2)
      rotate(strip, terms.count, rows + t_.rows_bytes / kProducts / kSize, pointers);
  }

  // Of copies of whole channels, which lie under the block's first output and as far as windows
  // reach.
  void share_rows(const Outputs& outputs, const Cursor& cursor, const Terms& terms, T* rows,
                  const std::byte** pointers) const {
    const Shared& s = t_.shared;
    const std::int64_t taps = p_.taps();
    const std::int64_t first = terms.first / taps, last = (terms.first + terms.count - 1) / taps;
    const std::byte** copies = pointers + terms.count;
    const Strip strip{cursor, outputs.sums() + s.reach(), outputs.padded + s.reach()};
    gather_(strip, {terms.channel, first * s.taps, (last + 1 - first) * s.taps}, rows, copies);
    const Window &h = p_.axis[1].window, &w = p_.axis[2].window;
    Tap tap = Tap::at(p_, terms.first % taps);
    for (std::int64_t k = 0; k < terms.count; ++k) {
      const Shift down = shift_of(h, tap.kh), across = shift_of(w, tap.kw);
      const std::int64_t phase = (tap.kd * phases(h) + down.phase) * phases(w) + across.phase;
      pointers[k] = copies[phase] + (down.outputs * s.pitch + across.outputs) * kSize;
      if (tap.next(p_)) copies += s.taps;
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
  void finish(const Outputs& outputs, const Channels& channels, const Sums& sums) const {
    const bool biased = kProducts > 1 && a_.bias != nullptr;
    if (!biased && rows::only_bounds(p_.activation)) return;
    for (std::int64_t i = 0; i < channels.count; ++i)
      rows::finish(p_, biased ? bias_of(channels.first + i) : T{}, sums.data + i * sums.pitch,
                   outputs.sums());
  }

  // Positions of one image lie dst.spatial[2] bytes apart.
  void store(const Outputs& outputs, const Channels& channels, const Sums& sums) const {
    const rows::Store store =
        rows::kernels().store[sum_index(rows::finished_type<T>(p_))][static_cast<int>(p_.dst_type)];
    const View& dst = a_.dst;
    const std::int64_t image = p_.outputs();
    const std::int64_t row = p_.axis[2].out;  // between rows of outputs
    for (std::int64_t r = 0; r < outputs.rows; ++r) {
      for (std::int64_t i = 0; i < outputs.count;) {
        const std::int64_t position = outputs.begin + r * row + i;
        const std::int64_t count = std::min(outputs.count - i, image - position % image);
        store(sums.data + r * outputs.pitch + i, sums.pitch,
              {at(position, channels.first), dst.channel, dst.spatial[2], channels.count, count});
        i += count;
      }
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
    std::optional<Problem> phases;
    if (tiling.shared.rows > 0) phases = phases_of(p);
    const Run<T> run(p, phases ? *phases : p, a, tiling, workspace.data());
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
