// The inner loops of filters on planes: a register tile of rows x vectors of outputs.
// In: addresses of rows of input, raw weights.  Out: rows of sums.
#include "algorithms/filter2d/kernel.h"

#include CCONV_LEVEL_HEADER

namespace cconv::filter2d {
namespace {

template <class T>
using W = FilterV<T>;

// Where a tile and a chain of terms of it are.
template <class T>
struct Place {
  const std::byte* const* rows;  // of the first output's first tap
  const std::byte* weights;      // of the depth
  std::int64_t at;               // byte of the first output in its row
};

template <class T>
CCONV_INLINE W<T> weight(const Block<T>& block, const Place<T>& place, std::int64_t kh,
                         std::int64_t kw) {
  return W<T>::fill(load_one<T>(place.weights + (kh * block.KW + kw) * sizeof(T)));
}

// sum[r][j] += weight * x[j] for the tap kh of row r.
template <class T, int kVectors>
CCONV_INLINE void add(W<T> (&sum)[kVectors], W<T> w, const W<T> (&x)[kVectors]) {
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) sum[j] = fma(x[j], w, sum[j]);
}

template <class T, int kVectors>
CCONV_INLINE void load(const std::byte* row, W<T> (&x)[kVectors]) {
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) x[j] = W<T>::load_once(row + j * sizeof(W<T>));
}

// The terms of a column of few taps, which stay in registers while the rows under the tile pass by:
// a row is loaded once for all outputs that look at it.
template <class T, int kStride, int kTaps, int kRows, int kVectors>
CCONV_INLINE void add_column(const std::byte* const* rows, std::int64_t offset,
                             const W<T> (&taps)[kTaps], W<T> (&sum)[kRows][kVectors]) {
#pragma GCC unroll 32
  for (int q = 0; q < (kRows - 1) * kStride + kTaps; ++q) {
    W<T> x[kVectors];
    if constexpr (kTaps > 1) {
      load<T>(rows[q] + offset, x);
    } else {  // one output does: what is loaded may be an operand of its product
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) x[j] = W<T>::load(rows[q] + offset + j * sizeof(W<T>));
    }
#pragma GCC unroll 32
    for (int r = 0; r < kRows; ++r) {
      const int k = q - r * kStride;
      if (k >= 0 && k < kTaps) add<T>(sum[r], taps[k], x);
    }
  }
}

template <int kTaps, int kStride>
struct Short {
  template <class T, int kRows, int kVectors>
  static CCONV_INLINE void chain(const Block<T>& block, const Place<T>& place, std::int64_t,
                                 std::int64_t, std::int64_t kw, W<T> (&sum)[kRows][kVectors]) {
    const std::int64_t offset = place.at + block.offsets[kw];
    W<T> taps[kTaps];
#pragma GCC unroll 8
    for (int k = 0; k < kTaps; ++k) taps[k] = weight(block, place, k, kw);
    add_column<T, kStride>(place.rows, offset, taps, sum);
  }
};

// Columns of more taps than a tile has rows: each row is multiplied by the taps of all outputs that
// look at it, few at the beginning and at the end of the column.
struct Tall {
  template <class T, int kRows, int kVectors>
  static CCONV_INLINE void chain(const Block<T>& block, const Place<T>& place, std::int64_t begin,
                                 std::int64_t end, std::int64_t kw, W<T> (&sum)[kRows][kVectors]) {
    const std::int64_t offset = place.at + block.offsets[kw];
    const auto row = [&](std::int64_t q, W<T>(&x)[kVectors]) {
      load<T>(place.rows[q] + offset, x);
    };
    W<T> x[kVectors];
#pragma GCC unroll 32
    for (int q = 0; q < kRows - 1; ++q) {
      row(begin + q, x);
#pragma GCC unroll 32
      for (int r = 0; r <= q; ++r) add<T>(sum[r], weight(block, place, begin + q - r, kw), x);
    }
    for (std::int64_t q = begin + kRows - 1; q < end; ++q) {
      row(q, x);
#pragma GCC unroll 32
      for (int r = 0; r < kRows; ++r) add<T>(sum[r], weight(block, place, q - r, kw), x);
    }
#pragma GCC unroll 32
    for (int q = 0; q < kRows - 1; ++q) {
      row(end + q, x);
#pragma GCC unroll 32
      for (int r = q + 1; r < kRows; ++r) add<T>(sum[r], weight(block, place, end + q - r, kw), x);
    }
  }
};

template <class T, int kRows, int kVectors>
CCONV_INLINE void clear(W<T> (&sum)[kRows][kVectors]) {
#pragma GCC unroll 32
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) sum[r][j] = W<T>::fill(0);
  }
}

// Stores sums with the bias, within bounds.
template <class T, int kRows, int kVectors>
CCONV_INLINE void finish(const Block<T>& block, W<T> (&sum)[kRows][kVectors], std::byte* to) {
  const std::int64_t pitch = block.sums_pitch;
  const T bias = block.bias;
#pragma GCC unroll 32
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) sum[r][j] = sum[r][j] + W<T>::fill(bias);
  }
  rows::bound(block.bounds, sum);
#pragma GCC unroll 32
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) sum[r][j].store(to + r * pitch + j * sizeof(W<T>));
  }
}

// A tile whose terms are one chain.
template <class Column>
struct OneChain {
  template <class T, int kRows, int kVectors>
  static CCONV_INLINE void tile(const Block<T>& block, Place<T> place, std::byte* to) {
    const std::int64_t KW = block.KW;
    W<T> sum[kRows][kVectors];
    clear<T>(sum);
    for (std::int64_t kd = block.KD; kd > 0; --kd) {
      for (std::int64_t kw = 0; kw < KW; ++kw)
        Column::template chain<T>(block, place, 0, block.KH, kw, sum);
      place.rows += block.rows_pitch;
      place.weights += block.KH * KW * sizeof(T);
    }
    finish<T>(block, sum, to);
  }
};

// A tile whose chains are some columns of a depth, or parts of one; of these none is much shorter
// than the others, and none has fewer taps than a tile has rows.
struct ManyChains {
  template <class T, int kRows, int kVectors>
  static CCONV_INLINE void tile(const Block<T>& block, Place<T> place, std::byte* to) {
    const std::int64_t KH = block.KH, KW = block.KW, pitch = block.sums_pitch;
    const std::int64_t parts = (KH + kTermsPerChain - 1) / kTermsPerChain;
    const std::int64_t columns = parts > 1 ? 1 : kTermsPerChain / KH;
    bool first = true;
    for (std::int64_t kd = 1; kd <= block.KD; ++kd) {
      for (std::int64_t part = 1; part <= parts; ++part) {
        const std::int64_t kh = KH * (part - 1) / parts, kh_end = KH * part / parts;
        for (std::int64_t kw = 0; kw < KW;) {
          W<T> sum[kRows][kVectors];
          clear<T>(sum);
          const std::int64_t end = kw + columns < KW ? kw + columns : KW;
          for (; kw < end; ++kw) Tall::chain<T>(block, place, kh, kh_end, kw, sum);
#pragma GCC unroll 32
          for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
            for (int j = 0; j < kVectors; ++j)
              sum[r][j] = sum[r][j] + (first ? W<T>::fill(block.bias)
                                             : W<T>::load(to + r * pitch + j * sizeof(W<T>)));
          }
          first = false;
          if (kd == block.KD && part == parts && kw == KW) rows::bound(block.bounds, sum);
#pragma GCC unroll 32
          for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
            for (int j = 0; j < kVectors; ++j) sum[r][j].store(to + r * pitch + j * sizeof(W<T>));
          }
        }
      }
      place.rows += block.rows_pitch;
      place.weights += KH * KW * sizeof(T);
    }
  }
};

// Tiles of some rows, from `output` on.
template <class T, class Chains, int kRows, int kVectors>
class Tiles {
 public:
  CCONV_INLINE Tiles(const Block<T>& block, std::int64_t output) : block_(block), output_(output) {}

  CCONV_INLINE void at(std::int64_t column) const {
    const std::int64_t at = column * sizeof(T);
    Chains::template tile<T, kRows, kVectors>(
        block_, {block_.rows + output_ * block_.row_stride, block_.weights, at},
        block_.sums + output_ * block_.sums_pitch + at);
  }

 private:
  const Block<T>& block_;
  const std::int64_t output_;
};

// Columns of few taps of one depth: the addresses of rows stay where they are from tile to tile,
// and so do the taps of a single one.
template <int kTaps, bool kLone>
struct Columns {};
template <class T, int kTaps, bool kLone, int kRows, int kVectors>
class Tiles<T, Columns<kTaps, kLone>, kRows, kVectors> {
 public:
  CCONV_INLINE Tiles(const Block<T>& block, std::int64_t output)
      : block_(block), sums_(block.sums + output * block.sums_pitch), KW_(block.KW) {
#pragma GCC unroll 32
    for (int q = 0; q < kRows + kTaps - 1; ++q) rows_[q] = block.rows[output + q];
    if constexpr (kLone) load_taps(0, taps_);
  }

  CCONV_INLINE void at(std::int64_t column) const {
    const std::int64_t at = column * sizeof(T);
    W<T> sum[kRows][kVectors];
    clear<T>(sum);
    if constexpr (kLone) {
      add_column<T, 1>(rows_, at + block_.offsets[0], taps_, sum);
    } else {
      for (std::int64_t kw = 0; kw < KW_; ++kw) {
        W<T> taps[kTaps];
        load_taps(kw, taps);
        add_column<T, 1>(rows_, at + block_.offsets[kw], taps, sum);
      }
    }
    finish<T>(block_, sum, sums_ + at);
  }

 private:
  CCONV_INLINE void load_taps(std::int64_t kw, W<T> (&taps)[kTaps]) const {
    const std::byte* weights = block_.weights + kw * sizeof(T);
#pragma GCC unroll 8
    for (int k = 0; k < kTaps; ++k, weights += KW_ * sizeof(T))
      taps[k] = W<T>::fill(load_one<T>(weights));
  }

  const Block<T>& block_;
  std::byte* const sums_;
  const std::int64_t KW_;
  const std::byte* rows_[kRows + kTaps - 1];
  W<T> taps_[kTaps];
};

// A single row of few taps, which stay where they are too.
template <int kTaps>
struct LoneRow {};
template <class T, int kTaps, int kVectors>
class Tiles<T, LoneRow<kTaps>, 1, kVectors> {
 public:
  CCONV_INLINE Tiles(const Block<T>& block, std::int64_t output)
      : block_(block), sums_(block.sums + output * block.sums_pitch) {
#pragma GCC unroll 8
    for (int k = 0; k < kTaps; ++k) {
      under_[k] = block.rows[output * block.row_stride] + block.offsets[k];
      taps_[k] = W<T>::fill(load_one<T>(block.weights + k * sizeof(T)));
    }
  }

  CCONV_INLINE void at(std::int64_t column) const {
    const std::int64_t at = column * sizeof(T);
    W<T> sum[1][kVectors];
    clear<T>(sum);
#pragma GCC unroll 8
    for (int k = 0; k < kTaps; ++k) {
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j)
        sum[0][j] = fma(W<T>::load(under_[k] + at + j * sizeof(W<T>)), taps_[k], sum[0][j]);
    }
    finish<T>(block_, sum, sums_ + at);
  }

 private:
  const Block<T>& block_;
  std::byte* const sums_;
  const std::byte* under_[kTaps];
  W<T> taps_[kTaps];
};

// Asks for what the tile a little further on reads first of all tiles.
template <class T, int kRows, int kStep>
CCONV_INLINE void prefetch(const Block<T>& block, std::int64_t output, std::int64_t column) {
  constexpr std::int64_t kAhead = 512, kLine = 64, kBytes = kStep * sizeof(T);
  const std::byte* const* rows = block.rows + output * block.row_stride + block.KH - 1;
#pragma GCC unroll 32
  for (int r = 0; r < kRows; ++r) {
    const std::byte* const at = rows[r * block.row_stride] + column * sizeof(T) + kAhead;
#pragma GCC unroll 4
    for (std::int64_t line = 0; line < kBytes; line += kLine) __builtin_prefetch(at + line);
  }
}

// Rows of so many vectors that share nothing with others are tiles of their own.
constexpr int kLoneVectors = 8;

// The columns from `column` on of kRows rows; those that are left take fewer vectors at once.  The
// last vector may overlap the one before.
template <class T, class Chains, int kRows, int kVectors>
void row_group(const Block<T>& block, std::int64_t output, std::int64_t column = 0) {
  constexpr std::int64_t kStep = kVectors * W<T>::kLanes;
  const Tiles<T, Chains, kRows, kVectors> tiles(block, output);
  for (; column + kStep <= block.columns; column += kStep) {
    if constexpr (kRows > 1) prefetch<T, kRows, kStep>(block, output, column);
    tiles.at(column);
  }
  if (column == block.columns) return;
  if constexpr (kVectors > 1)
    row_group<T, Chains, kRows, kVectors == kLoneVectors ? kVectors / 2 : 1>(block, output, column);
  else
    tiles.at(block.columns - kStep);
}

// The outputs from `output` on.  A last tile that would be more than half full overlaps the one
// before; fewer rows take smaller tiles.
template <class T, class Chains, int kRows, int kVectors>
void all_rows(const Block<T>& block, std::int64_t output = 0) {
  for (; output + kRows <= block.outputs; output += kRows)
    row_group<T, Chains, kRows, kVectors>(block, output);
  if constexpr (kRows > 1) {
    const std::int64_t left = block.outputs - output;
    if (left == 0) return;
    if (left > kRows / 2 && block.outputs >= kRows)
      return row_group<T, Chains, kRows, kVectors>(block, block.outputs - kRows);
    all_rows<T, Chains, (kRows > 4 ? kRows / 2 : 1), kVectors>(block, output);
  }
}

// So small that addresses take as long as the sums of a tile.
constexpr bool kTilesAreSmall = kFilterRows * kFilterVectors <= 8;

// Tiles for so many taps of a column: what the registers hold beside the taps and a row.
constexpr int rows_for(int taps, int vectors) {
  const int rows = (kRegisters - 1 - taps - vectors) / vectors;
  return rows < kFilterRows ? rows : kFilterRows;
}
constexpr int vectors_for(int taps) {
  int vectors = kFilterVectors;
  while (vectors > 1 && rows_for(taps, vectors) < kFilterRows) --vectors;
  return vectors;
}

// Columns of kTaps taps or fewer, of an odd number where rows are left out.
template <class T, int kTaps = kFilterTaps>
void filter_short(const Block<T>& block) {
  if constexpr (kTaps > 0) {
    constexpr int kVectors = vectors_for(kTaps), kRows = rows_for(kTaps, kVectors);
    if (block.KH < kTaps) return filter_short<T, kTaps - 1>(block);
    if constexpr (kTaps == 1) {
      using AnyRow = OneChain<Short<1, 1>>;
      constexpr std::int64_t kLone = kLoneVectors * W<T>::kLanes;  // columns
      constexpr int kNarrow = kTilesAreSmall ? kVectors : 1;
      const bool few = block.KD == 1 && block.columns >= kLone;
      if (few && block.KW == 3) return all_rows<T, LoneRow<3>, 1, kLoneVectors>(block);
      if (few && block.KW == 5) return all_rows<T, LoneRow<5>, 1, kLoneVectors>(block);
      return block.columns < 2 * kLone && block.row_stride == 1
                 ? all_rows<T, AnyRow, kRows, kNarrow>(block)
                 : all_rows<T, AnyRow, 1, kLoneVectors>(block);
    }
    if constexpr (kTilesAreSmall && (kTaps == 3 || kTaps == 5)) {
      if (block.row_stride == 1 && block.KD == 1)
        return block.KW == 1 ? all_rows<T, Columns<kTaps, true>, kRows, kVectors>(block)
                             : all_rows<T, Columns<kTaps, false>, kRows, kVectors>(block);
    }
    if (block.row_stride == 1)
      return all_rows<T, OneChain<Short<kTaps, 1>>, kRows, kVectors>(block);
    if constexpr (kTaps % 2 == 1) {
      if (block.row_stride == 2)
        return all_rows<T, OneChain<Short<kTaps, 2>>, (kRows + 1) / 2, kVectors>(block);
    }
    all_rows<T, OneChain<Tall>, 1, kTallVectors>(block);
  }
}

template <class T, class Chains>
void filter_tall(const Block<T>& block) {
  if (block.row_stride == 1 && block.KH >= kTallRows)
    all_rows<T, Chains, kTallRows, kTallVectors>(block);
  else
    all_rows<T, Chains, 1, kTallVectors>(block);
}

// Integers, whose sums are exact and which few processors multiply fast, do without chains and
// without tiles for each height.
template <class T>
void filter(const Block<T>& block) {
  if constexpr (kHasFractions<T>) {
    const bool one = block.KH <= kTermsPerChain && block.KW <= kTermsPerChain &&
                     block.KD <= kTermsPerChain / (block.KH * block.KW);
    if (!one) return filter_tall<T, ManyChains>(block);
    if (block.KH <= kFilterTaps) return filter_short<T>(block);
  }
  filter_tall<T, OneChain<Tall>>(block);
}

}  // namespace

const Kernels CCONV_LEVEL::slice = {W<float>::kLanes,     W<double>::kLanes, kFilterRows,
                                    filter<float>,        filter<double>,    filter<std::uint32_t>,
                                    filter<std::uint64_t>};

}  // namespace cconv::filter2d
