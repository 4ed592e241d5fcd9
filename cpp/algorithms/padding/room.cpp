// A padded copy, row by row.
//
//     axes -> the fewest that say the same (collapse) -> rows of the result, cut into items
//          -> each row: its border before, its inside, its border after (Stretch)
//
// A row is found in the input by border_index, axis by axis, or lies in a constant border whole.
#include "algorithms/padding/room.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "algorithms/rows/kernel.h"
#include "isa/vec.h"
#include "runtime/streaming.h"

namespace cconv::padding {
namespace {

constexpr std::int64_t kItemBytes = 128 << 10;  // an item's share of the result, about

// ------------------------------------------------------------------------------ bytes

constexpr std::int64_t kVector = 16;  // of every processor; rows are bound by memory
using Vector = Vec<std::uint64_t, 2>::Native;

template <class T>
void copy_one(std::byte* dst, const std::byte* src) {
  store_one(dst, load_one<T>(src));
}

// The first and the last sizeof(T) bytes of a piece: they meet or overlap.
template <class T>
void copy_ends(std::byte* dst, const std::byte* src, std::int64_t bytes) {
  const std::int64_t last = bytes - static_cast<std::int64_t>(sizeof(T));
  const T begin = load_one<T>(src), end = load_one<T>(src + last);
  store_one(dst, begin);
  store_one(dst + last, end);
}

// memcpy, inline where the call would cost as much as the copy.
CCONV_INLINE void copy_bytes(std::byte* dst, const std::byte* src, std::int64_t bytes) {
  constexpr std::int64_t kInline = 4096;
  if (bytes > kInline) {
    std::memcpy(dst, src, static_cast<std::size_t>(bytes));
  } else if (bytes >= kVector) {
    copy_one<Vector>(dst, src);
    // Whole vectors at aligned addresses of dst: a store across two lines takes twice as long.
    std::int64_t i =
        kVector - static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(dst) % kVector);
    for (; i + 4 * kVector <= bytes; i += 4 * kVector) {
      const std::byte* const from = src + i;
      std::byte* const to = dst + i;
      const Vector v0 = load_one<Vector>(from), v1 = load_one<Vector>(from + kVector);
      const Vector v2 = load_one<Vector>(from + 2 * kVector),
                   v3 = load_one<Vector>(from + 3 * kVector);
      store_one(to, v0);
      store_one(to + kVector, v1);
      store_one(to + 2 * kVector, v2);
      store_one(to + 3 * kVector, v3);
    }
    for (; i + kVector <= bytes; i += kVector) copy_one<Vector>(dst + i, src + i);
    if (i < bytes) copy_one<Vector>(dst + bytes - kVector, src + bytes - kVector);
  } else if (bytes >= 8) {
    copy_ends<std::uint64_t>(dst, src, bytes);
  } else if (bytes >= 4) {
    copy_ends<std::uint32_t>(dst, src, bytes);
  } else {
    for (std::int64_t i = 0; i < bytes; ++i) dst[i] = src[i];
  }
}

// Goes on with what the first `done` bytes begin, as far as `bytes`.
void repeat(std::byte* dst, std::int64_t done, std::int64_t bytes) {
  constexpr std::int64_t kNear = 16 << 10;  // what is read back should still be in cache
  for (std::int64_t unit = done; done < bytes;) {
    const std::int64_t count = std::min(unit, bytes - done);
    copy_bytes(dst + done, dst, count);
    done += count;
    if (unit < kNear) unit = done;
  }
}

// `bytes` of a constant border, whole elements of `item` bytes.
CCONV_INLINE void fill(std::byte* dst, std::int64_t bytes, const std::byte* value,
                       std::int64_t item) {
  if (value == nullptr) {
    if (bytes <= kVector) {
      constexpr std::byte kZeros[kVector] = {};
      return copy_bytes(dst, kZeros, bytes);
    }
    std::memset(dst, 0, static_cast<std::size_t>(bytes));
    return;
  }
  copy_bytes(dst, value, item);
  repeat(dst, item, bytes);
}

constexpr int kBatch = 32;  // rows that are made together

// Elements of rows, `stride` bytes apart in the input and side by side in the result.
struct Gather {
  std::byte* dst[kBatch];
  const std::byte* src[kBatch];
  int rows = 0;
  std::int64_t stride = 0;
  std::int64_t count = 0;

  // Whether the rows lie closer together than their elements do.
  bool across() const { return rows > 1 && std::abs(src[1] - src[0]) < std::abs(stride); }
};

// Calls f with a function that copies `size` bytes.
template <class F>
void with_copy(std::int64_t size, F f) {
  switch (size) {
    case 1:
      return f(copy_one<std::uint8_t>);
    case 2:
      return f(copy_one<std::uint16_t>);
    case 4:
      return f(copy_one<std::uint32_t>);
    case 8:
      return f(copy_one<std::uint64_t>);
    case 16:
      return f(copy_one<Vector>);
    default:
      return f([=](std::byte* dst, const std::byte* src) { copy_bytes(dst, src, size); });
  }
}

// Copies every element, neighbours in the input one after the other.
template <class Copy>
void each(const Gather& g, std::int64_t size, Copy copy) {
  if (g.across()) {
    for (std::int64_t i = 0; i < g.count; ++i)
      for (int r = 0; r < g.rows; ++r) copy(g.dst[r] + i * size, g.src[r] + i * g.stride);
  } else {
    for (int r = 0; r < g.rows; ++r)
      for (std::int64_t i = 0; i < g.count; ++i) copy(g.dst[r] + i * size, g.src[r] + i * g.stride);
  }
}

void gather(const Gather& g, std::int64_t size) {
  with_copy(size, [&](auto copy) { each(g, size, copy); });
}

// ------------------------------------------------------------------------------ axes

// The problem with as few axes as say the same, at least one; the last is that of the rows, whose
// elements are blocks of bytes.
struct Collapsed {
  int ndim = 0;
  PadAxis axis[kMaxNdim + 1];
  std::int64_t block = 1;
};

bool is_plain(const PadAxis& axis) { return axis.before == 0 && axis.after == 0; }

Collapsed collapse(const PadProblem& p) {
  constexpr std::int64_t kLargestBlock = 4096;
  Collapsed c;
  c.block = p.item;
  for (int i = 0; i < p.ndim; ++i) {
    const PadAxis& axis = p.axis[i];
    if (axis.in == 1 && is_plain(axis)) continue;
    PadAxis& last = c.axis[std::max(c.ndim - 1, 0)];
    if (c.ndim > 0 && is_plain(last) && is_plain(axis) && last.stride == axis.in * axis.stride) {
      last.in *= axis.in;
      last.stride = axis.stride;
    } else {
      c.axis[c.ndim++] = axis;
    }
  }
  // A dense row without border is part of the elements of the axis before it.
  if (c.ndim > 1) {
    const PadAxis row = c.axis[c.ndim - 1];
    PadAxis& outer = c.axis[c.ndim - 2];
    const bool dense = is_plain(row) && row.stride == c.block;
    if (dense && p.border == Border::constant && outer.stride == row.in * row.stride) {
      outer.in *= row.in;
      outer.before *= row.in;
      outer.after *= row.in;
      outer.stride = row.stride;
      --c.ndim;
    } else if (dense && c.block * row.in <= kLargestBlock) {
      c.block *= row.in;
      --c.ndim;
    }
  }
  if (c.ndim == 0) c.axis[c.ndim++] = PadAxis{};
  return c;
}

// ------------------------------------------------------------------------------ rows

// Consecutive elements of a row of the result that are made in one way.
struct Stretch {
  enum class Kind : std::uint8_t { copy, constant, repeat } kind;
  std::int64_t at;  // in the piece
  std::int64_t count;
  // copy: the first element in the input, +1 or -1 to the next.  repeat: the elements before these
  // that go on.  constant: which side.
  std::int64_t from;
  std::int64_t step;
};

// The elements [begin, end) of every row; those inside come first, since they bring the input into
// cache in order.
class Piece {
 public:
  Piece(const PadAxis& row, Border border, std::int64_t begin, std::int64_t end)
      : row_(row), border_(border), begin_(begin) {
    const std::int64_t inside = row.before, behind = row.before + row.in;
    const std::int64_t first = std::max(begin, inside), last = std::min(end, behind);
    if (first < last) add({Stretch::Kind::copy, first - begin, last - first, first - inside, 1});
    add_border(begin, std::min(end, inside), 0);
    add_border(std::max(begin, behind), end, 1);
  }

  const Stretch* begin() const { return stretches_; }
  const Stretch* end() const { return stretches_ + count_; }

  // Elements of narrow borders, one by one: where they are in the piece and in the input.
  struct Single {
    std::int64_t at, from;
  };
  const Single* singles() const { return singles_; }
  int singles_count() const { return singles_count_; }

 private:
  void add(const Stretch& stretch) { stretches_[count_++] = stretch; }

  // One period read from the input in runs up and down; then it repeats.
  void add_border(std::int64_t begin, std::int64_t end, int side) {
    if (begin >= end) return;
    if (border_ == Border::constant)
      return add({Stretch::Kind::constant, begin - begin_, end - begin, side, 0});
    const std::int64_t n = row_.in;
    const bool neighbours = border_ == Border::wrap && end - begin > 2;  // copied together
    if (end - begin <= kNarrow && !neighbours) {
      for (std::int64_t o = begin; o < end; ++o)
        singles_[singles_count_++] = {o - begin_, border_index(border_, o - row_.before, n)};
      return;
    }
    const std::int64_t period = std::min(end - begin, border_period(border_, n));
    for (std::int64_t o = begin; o < begin + period;) {
      const auto index = [&](std::int64_t position) {
        return border_index(border_, position - row_.before, n);
      };
      const std::int64_t left = begin + period - o, from = index(o);
      const std::int64_t step = left > 1 ? index(o + 1) - from : 1;
      std::int64_t count = 1;
      if (step == 1) count = std::min(left, n - from);
      if (step == -1) count = std::min(left, from + 1);
      add({Stretch::Kind::copy, o - begin_, count, from, step});
      o += count;
    }
    const std::int64_t rest = end - begin - period;
    if (rest > 0) add({Stretch::Kind::repeat, begin + period - begin_, rest, period, 0});
  }

  static constexpr int kMost = 16;  // a period has at most 4 runs
  static constexpr int kNarrow = 16;

  const PadAxis& row_;
  Border border_;
  std::int64_t begin_;
  int count_ = 0;
  Stretch stretches_[kMost];
  int singles_count_ = 0;
  Single singles_[2 * kNarrow];
};

// Whether every border is of zeros.
bool has_zeros(const PadProblem& p) {
  return p.border == Border::constant &&
         std::all_of(p.axis, p.axis + p.ndim, [](const PadAxis& axis) {
           return axis.value[0] == nullptr && axis.value[1] == nullptr;
         });
}

std::int64_t result_bytes(const PadProblem& p) {
  std::int64_t bytes = p.item;
  for (int a = 0; a < p.ndim; ++a) bytes *= p.axis[a].out();
  return bytes;
}

class Run {
 public:
  explicit Run(const PadProblem& p) : p_(p), c_(collapse(p)), row_(c_.axis[c_.ndim - 1]) {
    elements_ = row_.out();
    rows_ = 1;
    for (int a = 0; a + 1 < c_.ndim; ++a) rows_ *= c_.axis[a].out();
    const std::int64_t row_bytes = elements_ * c_.block;
    piece_ =
        row_bytes <= 2 * kItemBytes ? elements_ : std::max<std::int64_t>(kItemBytes / c_.block, 1);
    pieces_ = (elements_ + piece_ - 1) / piece_;
    rows_per_item_ = pieces_ > 1 ? 1 : std::max<std::int64_t>(kItemBytes / row_bytes, 1);
    streams_ = result_bytes(p) >= kStreamedBytes;
    constexpr std::int64_t kNarrow = 64;  // bytes; a call to memset costs less for wider ones
    joins_ = pieces_ == 1 && has_zeros(p) && goes_together(row_.in, row_.stride) &&
             (row_.before + row_.after) * c_.block <= kNarrow;
  }

  std::int64_t items() const { return (rows_ + rows_per_item_ - 1) / rows_per_item_ * pieces_; }

  void item(std::int64_t index) const {
    const std::int64_t begin = index % pieces_ * piece_, end = std::min(begin + piece_, elements_);
    const Piece piece(row_, p_.border, begin, end);
    const std::int64_t first = index / pieces_ * rows_per_item_;
    const std::int64_t last = std::min(first + rows_per_item_, rows_);
    Cursor cursor(c_, p_.border, first);
    std::byte* dst = p_.dst + (first * elements_ + begin) * c_.block;
    Sources sources;
    constexpr std::int64_t kBatchBytes = 16 << 10;  // stay in L1
    const std::int64_t row_bytes = elements_ * c_.block;
    const std::int64_t batch = std::clamp<std::int64_t>(kBatchBytes / row_bytes, 1, kBatch);
    for (std::int64_t r = first; r < last; r += batch, dst += batch * row_bytes) {
      const int rows = static_cast<int>(std::min(batch, last - r));
      for (int i = 0; i < rows; ++i, cursor.next()) cursor.get(sources, i);
      joins_ ? copy_joined(sources, rows, dst) : copy_rows(piece, sources, rows, dst);
    }
    if (streams_) end_streams();
  }

 private:
  // Where rows come from: offsets in the input, or, in a constant border, the value of it.  Arrays
  // of each, because a struct is copied as a vector right after its parts were written: a long
  // stall.
  struct Sources {
    std::int64_t offset[kBatch];
    bool constant[kBatch];
    const std::byte* value[kBatch];
  };

  // Walks over the rows of the result.
  class Cursor {
   public:
    Cursor(const Collapsed& c, Border border, std::int64_t row) : c_(c), border_(border) {
      offset_[0] = 0;
      constant_[0] = false;
      value_[0] = nullptr;
      for (int a = c.ndim - 2; a >= 0; --a) {
        at_[a] = row % c.axis[a].out();
        row /= c.axis[a].out();
      }
      update(0);
    }
    void get(Sources& sources, int i) const {
      const int all = c_.ndim - 1;
      sources.offset[i] = offset_[all];
      sources.constant[i] = constant_[all];
      sources.value[i] = value_[all];
    }
    void next() {
      int a = c_.ndim - 2;
      if (a < 0) return;
      const PadAxis& axis = c_.axis[a];
      const std::int64_t position = at_[a] + 1 - axis.before;
      if (position > 0 && position < axis.in) {  // from one row of the input to the next
        ++at_[a];
        offset_[a + 1] += axis.stride;
        return;
      }
      while (a >= 0 && ++at_[a] == c_.axis[a].out()) at_[a--] = 0;
      if (a >= 0) update(a);
    }

   private:
    void update(int from) {
      for (int a = from; a + 1 < c_.ndim; ++a) {
        const PadAxis& axis = c_.axis[a];
        const std::int64_t position = at_[a] - axis.before;
        const std::int64_t index = border_index(border_, position, axis.in);
        offset_[a + 1] = offset_[a] + std::max<std::int64_t>(index, 0) * axis.stride;
        constant_[a + 1] = constant_[a] || index < 0;
        value_[a + 1] = index < 0 ? axis.value[position < 0 ? 0 : 1] : value_[a];
      }
    }

    const Collapsed& c_;
    Border border_;
    std::int64_t at_[kMaxNdim];
    // By the axes before.
    std::int64_t offset_[kMaxNdim + 1];
    bool constant_[kMaxNdim + 1];
    const std::byte* value_[kMaxNdim + 1];
  };

  void copy_rows(const Piece& piece, const Sources& sources, int rows, std::byte* begin) const {
    const std::int64_t row_bytes = elements_ * c_.block;
    for (const Stretch& s : piece) {
      std::byte* const dst = begin + s.at * c_.block;
      const std::int64_t bytes = s.count * c_.block;
      switch (s.kind) {
        case Stretch::Kind::copy:
          copy_inside(s, sources, rows, dst);
          break;
        case Stretch::Kind::constant:
          for (int i = 0; i < rows; ++i)
            fill(dst + i * row_bytes, bytes, row_.value[s.from], p_.item);
          break;
        case Stretch::Kind::repeat: {
          const std::int64_t done = s.from * c_.block;
          for (int i = 0; i < rows; ++i) repeat(dst + i * row_bytes - done, done, done + bytes);
          break;
        }
      }
    }
    if (piece.singles_count() > 0) copy_singles(piece, sources, rows, begin);
  }

  void copy_singles(const Piece& piece, const Sources& sources, int rows, std::byte* dst) const {
    const std::int64_t row_bytes = elements_ * c_.block;
    with_copy(c_.block, [&](auto copy) {
      for (int j = 0; j < piece.singles_count(); ++j) {
        const Piece::Single& s = piece.singles()[j];
        const std::byte* const src = p_.src + s.from * row_.stride;
        std::byte* to = dst + s.at * c_.block;
        for (int i = 0; i < rows; ++i, to += row_bytes) copy(to, src + sources.offset[i]);
      }
    });
  }

  // Whether such stretches of rows are copied by a kernel: else memcpy is as fast.
  bool goes_together(std::int64_t count, std::int64_t stride) const {
    constexpr std::int64_t kShort = 4096;
    const std::int64_t bytes = count * c_.block;
    return stride == c_.block && !streams_ && bytes >= rows::kCopiedBytes && bytes <= kShort;
  }

  // Rows from i on that are all in a constant border, or all not.
  static int run_of(const Sources& sources, int i, int rows) {
    int end = i + 1;
    while (end < rows && sources.constant[end] == sources.constant[i]) ++end;
    return end - i;
  }

  void copy_run(const Sources& sources, int first, int run, std::int64_t from, std::int64_t bytes,
                std::byte* dst, std::int64_t zeros) const {
    const std::byte* src[kBatch];
    for (int i = 0; i < run; ++i) src[i] = p_.src + sources.offset[first + i] + from;
    rows::kernels().copy({src, run, bytes, dst, elements_ * c_.block, zeros});
  }

  // Whole rows in borders of zeros: what lies between the insides of two is cleared at once.
  void copy_joined(const Sources& sources, int rows, std::byte* dst) const {
    const std::int64_t before = row_.before * c_.block, after = row_.after * c_.block;
    const std::int64_t inside = row_.in * c_.block, row_bytes = elements_ * c_.block;
    fill(dst, before, nullptr, 1);
    dst += before;
    for (int i = 0, run; i < rows; i += run, dst += run * row_bytes) {
      run = run_of(sources, i, rows);
      const std::int64_t bytes = (run - 1) * row_bytes + inside;
      if (sources.constant[i])
        std::memset(dst, 0, static_cast<std::size_t>(bytes));
      else
        copy_run(sources, i, run, 0, inside, dst, before + after);
      fill(dst + bytes, i + run < rows ? before + after : after, nullptr, 1);
    }
  }

  void copy_inside(const Stretch& s, const Sources& sources, int rows, std::byte* dst) const {
    const std::int64_t row_bytes = elements_ * c_.block, bytes = s.count * c_.block;
    const std::int64_t from = s.from * row_.stride, stride = s.step * row_.stride;
    const bool dense = s.count == 1 || stride == c_.block;
    const bool together = goes_together(s.count, stride);
    Gather sparse;
    sparse.stride = stride;
    sparse.count = s.count;
    for (int i = 0; i < rows; ++i, dst += row_bytes) {
      const std::byte* const src = p_.src + sources.offset[i] + from;
      if (sources.constant[i]) {
        fill(dst, bytes, sources.value[i], p_.item);
      } else if (together) {
        const int run = run_of(sources, i, rows);
        copy_run(sources, i, run, from, bytes, dst, 0);
        i += run - 1, dst += (run - 1) * row_bytes;
      } else if (dense && streams_ && bytes >= kStreamedPiece) {
        stream(dst, src, bytes);
      } else if (dense) {
        copy_bytes(dst, src, bytes);
      } else {
        sparse.dst[sparse.rows] = dst;
        sparse.src[sparse.rows++] = src;
      }
    }
    if (sparse.rows > 0) gather(sparse, c_.block);
  }

  const PadProblem& p_;
  const Collapsed c_;
  const PadAxis& row_;
  std::int64_t elements_, rows_, piece_, pieces_, rows_per_item_;
  bool streams_;  // past the caches
  bool joins_;    // rows and the borders between them
};

}  // namespace

double cost(const PadProblem& p) {
  constexpr double kSecondsPerByte = 0.1e-9;
  return kSecondsPerByte * static_cast<double>(result_bytes(p));
}

void run(const PadProblem& p, int threads, Stop& stop) {
  if (result_bytes(p) == 0) return;
  const Run run(p);
  parallel_for(run.items(), threads, stop, [&](std::int64_t item, int) { run.item(item); });
}

}  // namespace cconv::padding
