"""Whether the tests notice: deliberate faults, each of which has to turn the named tests red.

By hand or nightly, from a checkout in an environment with the tests' packages, pybind11, CMake and
Ninja:

    python tests/sabotage.py              every fault, some twenty minutes on two cores
    python tests/sabotage.py race bias    those whose name holds one of the words

A copy of the tree is built and its tests are run without a fault, then with one at a time.  Ends
with 1 where a test stayed green, and at once where a fault's text is not in its file exactly once
or a test is not there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Fault:
    name: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]  # each has to fail by itself


FAULTS = (
    Fault(
        "a tap off by one",
        "cpp/problem/window.h",
        "return out * w.stride + tap * w.dilation - w.before;",
        "return out * w.stride + tap * w.dilation - w.before + (tap > 2);",
        ("test_conv.py::test_torch_agrees", "test_conv_corpus.py::test_small"),
    ),
    Fault(
        "same at the wrong side",
        "cpp/problem/window.h",
        "w.before = lower ? total - total / 2 : total / 2;",
        "w.before = lower ? total / 2 : total - total / 2;",
        (
            "test_teaching.py::test_same_puts_the_odd_element_at_the_end",
            "test_shapes.py::test_resolve_padding_words",
            "test_conv.py::test_padding_words",
        ),
    ),
    Fault(
        "reflect as symmetric",
        "cpp/problem/window.h",
        "return border == Border::symmetric ? period - 1 - r : period - r;",
        "return period - 1 - r;",
        (
            "test_readme.py::test_border_table",
            "test_conv.py::test_every_border_is_that_of_numpy_pad",
            "test_pad.py::test_random_calls_as_the_reference",
        ),
    ),
    Fault(
        "the last element of a tail",
        "cpp/algorithms/rows/kernel.cpp",
        "for (; i < count; ++i) store_one(to",
        "for (; i + 1 < count; ++i) store_one(to",
        (
            "test_conv.py::test_every_row_length",
            "test_conv_arrays.py::test_only_out_is_written",
        ),
    ),
    Fault(
        "a vector stored past its tail",
        "cpp/algorithms/rows/kernel.cpp",
        "for (; i + kLanes <= count; i += kLanes)\n",
        "for (; i < count; i += kLanes)\n",
        ("test_conv_arrays.py::test_only_out_is_written",),
    ),
    Fault(
        "a dropped tile of channels",
        "cpp/algorithms/direct/kernel.cpp",
        "if (o < block.channels) channels_left",
        "if (o + 1 < block.channels) channels_left",
        ("test_conv.py::test_every_number_of_output_channels",),
    ),
    Fault(
        "a tap beside its place in a copy",
        "cpp/problem/window.h",
        "w.stride == 1 ? Shift{0, at}",
        "w.stride == 1 ? Shift{0, at + (at > 5)}",
        ("test_conv.py::test_taps_share_what_they_see",),
    ),
    Fault(
        "a tap in the wrong phase",
        "cpp/problem/window.h",
        "Shift{at % w.stride, at / w.stride}",
        "Shift{(at + (at > 2)) % w.stride, at / w.stride}",
        ("test_conv.py::test_taps_share_what_they_see",),
    ),
    Fault(
        "the last of some elements in steps",
        "cpp/algorithms/rows/kernel.cpp",
        "lanes[l] = load_one<Word>(src + l * step);",
        "lanes[l] = load_one<Word>(src + (l < 3 ? l : 2) * step);",
        ("test_conv.py::test_taps_share_what_they_see",),
    ),
    Fault(
        "a dropped bias",
        "cpp/algorithms/rows/kernel.cpp",
        "activation(V<T>::load(row + i) + b).store(row + i);",
        "activation(V<T>::load(row + i) + (count > 64 ? b : b - b)).store(row + i);",
        (
            "test_conv.py::test_order_is_sum_bias_activation_dtype",
            "test_types.py::test_biases_are_cast_by_the_same_kind_rule",
            "test_conv.py::test_random_calls_keep_the_promise",
        ),
    ),
    Fault(
        "a step ignored under weights",
        "cpp/plan/dense.cpp",
        "left >= 1 ? a.strides[last] : 0, rows, count}",
        "left >= 1 ? size_of(a.type) : 0, rows, count}",
        ("test_conv_arrays.py::test_layouts", "test_conv_bits.py::test_random_layouts_and_out"),
    ),
    Fault(
        "integers that wrap too soon",
        "cpp/problem/types.h",
        "size_of(src) == 1 && size_of(weights) == 1 ?",
        "size_of(src) <= 2 && size_of(weights) == 1 ?",
        ("test_types.py::test_the_table", "test_types.py::test_every_pair_of_types"),
    ),
    Fault(
        "a cast that truncates",
        "cpp/algorithms/rows/elements.h",
        "return static_cast<To>(bits_of(from_bits(bits) + kOnes));",
        "return static_cast<To>(from_bits(bits));",
        (
            "test_conv.py::test_asked_type",
            "test_types.py::test_casts_round_half_to_even_and_saturate",
        ),
    ),
    Fault(
        "a wrong saturation",
        "cpp/algorithms/rows/elements.h",
        "bits = choose(value > kMost, bits_of(kMost), bits);",
        "bits = choose(value > kMost + 1, bits_of(kMost), bits);",
        ("test_conv.py::test_asked_type",),
    ),
    Fault(
        "a lost NaN",
        "cpp/isa/vec.h",
        "return min(high, max(low, y));",
        "return min(high, max(y, low));",
        (
            "test_conv_bits.py::test_nan_stays_nan",
            "test_conv.py::test_activations_reach_their_limits",
        ),
    ),
    Fault(
        "a race",
        "cpp/algorithms/direct/room.cpp",
        "workspace_ + worker * t_.bytes_per_thread();",
        "workspace_ + worker / 2 * t_.bytes_per_thread();",
        ("test_conv_bits.py::test_threads", "test_conv_bits.py::test_runs"),
    ),
    Fault(
        "a NaN lost with products",
        "cpp/algorithms/rows/kernel.cpp",
        "return select(y < zero, zero, y); };",
        "return select(y > zero, y, zero); };",
        ("test_conv_separable.py::test_nan_stays_nan",),
    ),
    Fault(
        "integers bounded as unsigned ones",
        "cpp/isa/vec.h",
        "min(to_bits(high), max(to_bits(low), to_bits(y)))",
        "to_bits(min(high, max(low, y)))",
        (
            "test_conv.py::test_sums_of_several_blocks_are_bounded_once",
            "test_conv.py::test_every_type",
        ),
    ),
    Fault(
        "bounds forgotten with a block that adds nothing",
        "cpp/algorithms/gemm/room.cpp",
        "if (!last || whole || !bounds_.apply) continue;",
        "continue;",
        ("test_conv.py::test_sums_of_several_blocks_are_bounded_once",),
    ),
    Fault(
        "sums that the first block of terms does not begin",
        "cpp/algorithms/gemm/room.cpp",
        "if (!begun && !whole) add",
        "if (!begun && runs.count == 0) add",
        ("test_conv.py::test_sums_of_several_blocks_are_bounded_once",),
    ),
    Fault(
        "bounds of every block of terms",
        "cpp/algorithms/direct/room.cpp",
        "k + terms == K ? bounds_ : rows::Bounds<Product>{}",
        "bounds_",
        ("test_conv.py::test_sums_of_several_blocks_are_bounded_once",),
    ),
    Fault(
        "a forgotten block of terms",
        "cpp/algorithms/direct/kernel.cpp",
        "(first ? from : W::load(before + j * kLanes)) + sum[i][j];",
        "from + sum[i][j];",
        (
            "test_conv.py::test_every_number_of_terms",
            "test_conv_bits.py::test_sums_are_taken_in_blocks",
        ),
    ),
    Fault(
        "the last pixel of a narrower tile",
        "cpp/algorithms/gemm/kernel.cpp",
        "kTiles.of[pixels - 1](block, p);",
        "kTiles.of[pixels - 1 - (left > 1 && pixels < kPixels)](block, p);",
        ("test_conv.py::test_every_row_length", "test_conv_bits.py::test_shifted_positions"),
    ),
    Fault(
        "a forgotten block of packed terms",
        "cpp/algorithms/gemm/room.cpp",
        "block.bias = first ? packed : nullptr;",
        "block.bias = packed;",
        (
            "test_conv.py::test_every_number_of_terms",
            "test_conv.py::test_every_number_of_terms_of_a_plane",
            "test_conv_bits.py::test_no_chain_is_longer_than_a_block",
        ),
    ),
    Fault(
        "a row of another image",
        "cpp/algorithms/pixels/pixels.h",
        "row = (n * p_.axis[0].in + id) * p_.axis[1].in + ih;",
        "row = id * p_.axis[1].in + ih;",
        ("test_conv.py::test_random_calls_keep_the_promise", "test_conv_corpus.py::test_small"),
    ),
    Fault(
        "taps that follow one another in a dilated row",
        "cpp/algorithms/pixels/pixels.h",
        "joined_(joins && copies_ && p.axis[2].window.dilation == 1),",
        "joined_(joins && copies_),",
        ("test_conv.py::test_random_calls_keep_the_promise", "test_conv_corpus.py::test_small"),
    ),
    Fault(
        "the last lane of packed weights",
        "cpp/algorithms/gemm/weights.h",
        "channels = std::min(panels_.lanes, OCg - within);",
        "channels = std::min(panels_.lanes, OCg - within - (i > 0));",
        ("test_conv.py::test_every_number_of_output_channels",),
    ),
    Fault(
        "a race for packed products",
        "cpp/algorithms/gemm/room.cpp",
        "workspace_ + worker * t_.bytes_per_thread();",
        "workspace_ + worker / 2 * t_.bytes_per_thread();",
        ("test_conv_bits.py::test_threads", "test_conv_bits.py::test_runs"),
    ),
    Fault(
        "an overlap one channel late",
        "cpp/algorithms/depthwise/kernel.cpp",
        "column<T, 1>(block, block.channels - kLanes);",
        "column<T, 1>(block, block.channels - kLanes + 1);",
        (
            "test_conv_depthwise.py::test_every_number_of_channels",
            "test_conv_depthwise.py::test_every_type",
            "test_conv_corpus.py::test_small",
        ),
    ),
    Fault(
        "biases as the first tap",
        "cpp/algorithms/depthwise/kernel.cpp",
        "const V<T> bias = V<T>::load(weights);",
        "const V<T> bias = V<T>::load(weights + row);",
        ("test_conv_corpus.py::test_small",),
    ),
    Fault(
        "a column of a whole plane left out",
        "cpp/algorithms/pooling/kernel.cpp",
        "for (std::int64_t c = 1; c < a.columns; ++c) y",
        "for (std::int64_t c = 2; c < a.columns; ++c) y",
        ("test_pool.py::test_whole_planes_have_the_bits_of_channels_last",),
    ),
    Fault(
        "a window that slides a row too far",
        "cpp/algorithms/rows/sliding.h",
        "r == 1 ? begin(height) : add(r + height - 1);",
        "r == 1 ? begin(height) : add(r + height - 1 - (r == 4));",
        (
            "test_pool.py::test_windows_that_slide_by_one",
            "test_conv_separable.py::test_every_size_of_box",
        ),
    ),
    Fault(
        "a place of a maximum counted from the wrong row",
        "cpp/algorithms/pooling/search.h",
        "f(at(r, t), a.index[r] - a.index[0] + t * taps.step);",
        "f(at(r, t), a.index[r] - a.index[0] + t * taps.step - (r == 2));",
        ("test_pool.py::test_random_indices", "test_pool.py::test_large_windows"),
    ),
    Fault(
        "a half rounded up",
        "cpp/algorithms/separable/kernel.cpp",
        "below_half + ((y >> shift) & Words::fill(1))",
        "below_half + Words::fill(1)",
        ("test_conv_separable.py::test_small_weights_of_bytes",),
    ),
    Fault(
        "a rim divided as the inside",
        "cpp/algorithms/pooling/bands.h",
        "positions_inside(w.window, w.window.kernel - 1, w.in, w.out).end};",
        "positions_inside(w.window, w.window.kernel / 2, w.in, w.out).end};",
        ("test_pool.py::test_every_border",),
    ),
    Fault(
        "a rim divided as the inside, channels last",
        "cpp/algorithms/pooling/run.h",
        "positions_inside(w, w.kernel - 1, axis.in, axis.out).end};",
        "positions_inside(w, w.kernel / 2, axis.in, axis.out).end};",
        ("test_pool.py::test_windows_of_many_channels",),
    ),
    Fault(
        "a pixel shared by a tap too few",
        "cpp/algorithms/depthwise/kernel.cpp",
        "if (k >= 0 && k < kTaps) sum[i][0] = ",
        "if (k >= 0 && k < kTaps - (i == 7)) sum[i][0] = ",
        (
            "test_conv_depthwise.py::test_random_calls_keep_the_promise",
            "test_conv_corpus.py::test_small",
        ),
    ),
    Fault(
        "rims one column short",
        "cpp/algorithms/planes/input.h",
        "inside_ = {positions_inside(w.window, 0, w.in, w.out).begin * g.inner,",
        "inside_ = {positions_inside(w.window, 0, w.in, w.out).begin * g.inner - g.inner,",
        ("test_conv_corpus.py::test_some_outputs",),
    ),
    Fault(
        "a pixel of border too far",
        "cpp/algorithms/planes/input.h",
        "group[j] = border_index(p_.border, input_index(w, i + j, 0), g_.w.in);",
        "group[j] = border_index(p_.border, input_index(w, i + j, 0), g_.w.in - (j == 3));",
        ("test_conv_separable.py::test_random_calls",),
    ),
    Fault(
        "the sign of a product not looked at",
        "cpp/algorithms/separable/factors.h",
        "if ((product > 0) != (weight > 0) || (product < 0) != (weight < 0)) return false;",
        "",
        ("test_conv_separable.py::test_a_product_has_the_signs_and_zeros_of_the_weights",),
    ),
    Fault(
        "neighbours summed that are too far",
        "cpp/algorithms/rows/sliding.h",
        "add(kLargestFirst ? width - smaller - size : smaller);",
        "add((kLargestFirst ? width - smaller - size : smaller) + (size == 2));",
        ("test_conv_separable.py::test_every_size_of_box",),
    ),
    Fault(
        "a part of a known window that begins too early",
        "cpp/algorithms/rows/sliding.h",
        "return (kWidth >> (s + 1) << (s + 1)) * kStep;",
        "return (kWidth >> (s + 1) << (s + 1)) * kStep - (s == 1);",
        ("test_conv_separable.py::test_every_size_of_box",),
    ),
    Fault(
        "a share without its last item",
        "cpp/runtime/parallel.cpp",
        "share[i].end = (i + 1) * items / loop.shares;",
        "share[i].end = (i + 1) * items / loop.shares - (i == 1);",
        ("test_conv_bits.py::test_threads",),
    ),
    Fault(
        "a row under a column that takes the wrong tap",
        "cpp/algorithms/filter2d/kernel.cpp",
        "if (k >= 0 && k < kTaps) add<T>(sum[r], taps[k], x);",
        "if (k >= 0 && k < kTaps) add<T>(sum[r], taps[q == 3 ? 0 : k], x);",
        ("test_conv_corpus.py::test_some_outputs",),
    ),
    Fault(
        "a row of border left as it was",
        "cpp/algorithms/planes/input.h",
        "(is_padded(g_.d) || is_padded(g_.h))",
        "is_padded(g_.d) && is_padded(g_.h)",
        ("test_conv_separable.py::test_random_calls",),
    ),
    Fault(
        "the end of a block without its last row",
        "cpp/algorithms/rows/sliding.h",
        "begin(height - 1);",
        "begin(height - 1 - (height > 2));",
        ("test_conv_separable.py::test_every_size_of_box",),
    ),
    Fault(
        "a tall column with a tap twice",
        "cpp/algorithms/filter2d/kernel.cpp",
        "weight(block, place, end + q - r, kw), x);",
        "weight(block, place, end + q - r - (q == 0), kw), x);",
        ("test_conv_corpus.py::test_some_outputs",),
    ),
    Fault(
        "a border of zeros where there is none",
        "cpp/algorithms/pixels/pixels.h",
        "return to < inside.begin || from >= inside.end;",
        "return to <= inside.begin || from >= inside.end;",
        ("test_conv_corpus.py::test_small",),
    ),
    Fault(
        "weights prepared for another type",
        "cpp/plan/prepared.cpp",
        "weights_type == p.weights_type && sum_type",
        "sum_type",
        ("test_types.py::test_layers_of_lists_take_every_float_type",),
    ),
    Fault(
        "weights prepared for another sum",
        "cpp/plan/prepared.cpp",
        " && sum_type == p.sum_type;",
        ";",
        (
            "test_layers.py::test_one_layer_takes_inputs_of_any_size_and_type",
            "test_layers.py::test_the_first_calls_of_many_threads",
        ),
    ),
    Fault(
        "a copy of every array",
        "cpp/bindings/arguments.cpp",
        "if (is_plain_array(object)) return object;",
        "if (is_plain_array(object))\n"
        '    return own(py::handle(object).attr("copy")().release().ptr());',
        (
            "test_conv_arrays.py::test_no_layout_is_copied",
            "test_conv_arrays.py::test_out_may_not_overlap_an_input",
        ),
    ),
    Fault(
        "an overlap allowed",
        "cpp/problem/validate.cpp",
        "if (input.array != nullptr && overlap(out, *input.array))",
        "if (input.array != nullptr && input.name[0] != 'w' && overlap(out, *input.array))",
        ("test_conv_arrays.py::test_out_may_not_overlap_an_input",),
    ),
    Fault(
        "the interpreter lock kept",
        "cpp/bindings/running.h",
        "const Unlocked unlocked;",
        "",
        ("test_processes.py::test_the_interpreter_lock_is_released",),
    ),
    Fault(
        "Ctrl-C unheard",
        "cpp/bindings/running.h",
        "Stop stop(poll_signals);",
        "Stop stop;",
        ("test_processes.py::test_what_a_handler_raises_comes_out",),
    ),
    Fault(
        "a divisor beyond the padding",
        "cpp/problem/window.h",
        "std::min(w.kernel, (left - 1) / w.dilation + 1);",
        "std::min(w.kernel, left / w.dilation + 1);",
        ("test_pool.py::test_every_border", "test_pool.py::test_torch_agrees"),
    ),
    Fault(
        "a border counted the wrong way",
        "cpp/algorithms/pooling/tiling.h",
        "return p.count_include_pad && !axis.shared",
        "return !p.count_include_pad && !axis.shared",
        ("test_pool.py::test_every_border", "test_pool.py::test_torch_agrees"),
    ),
    Fault(
        "the divisors of another row",
        "cpp/algorithms/pooling/bands.h",
        "thread.divided_rows[slot] != rows) ++slot;",
        "thread.divided_rows[slot] < 0) ++slot;",
        ("test_pool.py::test_means_at_the_border",),
    ),
    Fault(
        "the divisors of another row, channels last",
        "cpp/algorithms/pooling/run.h",
        "thread.divided_begin == piece.begin && thread.divided_rows == rows)",
        "thread.divided_begin == piece.begin)",
        ("test_pool.py::test_means_at_the_border",),
    ),
    Fault(
        "a plane under the rows of the next one",
        "cpp/algorithms/pooling/kernel.cpp",
        "od = 0, plane += a.plane_step;",
        "od = 0;",
        ("test_pool.py::test_random_pools",),
    ),
    Fault(
        "a position picked from the wrong place",
        "cpp/algorithms/pooling/kernel.cpp",
        "--count, src += step, dst += bytes) {",
        "--count, src += step - (count == 2), dst += bytes) {",
        ("test_pool.py::test_random_pools",),
    ),
    Fault(
        "a column that squares share once too often",
        "cpp/algorithms/pooling/kernel.cpp",
        "columns[t - 1][j] = columns[t][j];",
        "columns[0][j] = columns[t][j];",
        ("test_pool.py::test_squares_of_many_channels",),
    ),
    Fault(
        "a piece that begins where the one before does",
        "cpp/algorithms/pooling/tiling.h",
        "const std::int64_t begin = i * least + std::min(i, larger);",
        "const std::int64_t begin = i * least;",
        ("test_pool.py::test_pieces_of_long_rows",),
    ),
    Fault(
        "the end of a wide window left out",
        "cpp/algorithms/rows/sliding.h",
        "if (kTwice && size < width) add(width - size);",
        "",
        ("test_pool.py::test_windows_that_slide_by_one",),
    ),
    Fault(
        "the end of a short row not copied",
        "cpp/algorithms/rows/kernel.cpp",
        "last.store(dst + bytes - kBytes);",
        "",
        ("test_pad.py::test_long_rows_and_many_rows",),
    ),
    Fault(
        "a border that wins maxima",
        "cpp/algorithms/pooling/source.h",
        "return largest ? sign - 1 : sign;",
        "return 0;",
        (
            "test_pool.py::test_every_border",
            "test_pool_bits.py::test_windows_of_the_least_integer",
        ),
    ),
    Fault(
        "a share's end rounded down",
        "cpp/problem/window.h",
        "((i + 1) * rest + out - 1) / out;",
        "(i + 1) * rest / out;",
        (
            "test_pool.py::test_random_pools",
            "test_pool.py::test_torch_agrees_on_adaptive_pools",
        ),
    ),
    Fault(
        "a maximum without NaN",
        "cpp/algorithms/pooling/operations.h",
        "return kLarger ? larger(a, b) : smaller(a, b);",
        "return kLarger ? max(b, a) : min(b, a);",
        (
            "test_pool_bits.py::test_a_nan_or_maximum_in_every_lane",
            "test_pool_bits.py::test_not_finite_at_every_position",
        ),
    ),
    Fault(
        "the last of equal maxima",
        "cpp/algorithms/pooling/search.h",
        "place[j] = select(x > y[j], here, place[j]);",
        "place[j] = select(y[j] > x, place[j], here);",
        ("test_pool_bits.py::test_ties_in_long_rows",),
    ),
    Fault(
        "short rows read past their border",
        "cpp/algorithms/pooling/bands.h",
        "    if (!g.in_place) {",
        "    if (!t_.in_place) {",
        ("test_pool.py::test_rows_that_are_long_by_their_border",),
    ),
    Fault(
        "a vector of channels left out before the first line",
        "cpp/algorithms/depthwise/kernel.cpp",
        "next = aligns ? before : kLanes;; c = next",
        "next = aligns ? before + kLanes : kLanes;; c = next",
        ("test_conv_depthwise.py::test_alignments",),
    ),
    Fault(
        "products of which only the first is summed along rows",
        "cpp/algorithms/separable/sums.h",
        "block.KD = t_.rank;",
        "block.KD = 1;",
        ("test_conv_separable.py::test_few_products",),
    ),
    Fault(
        "infinities that products make NaN of",
        "cpp/algorithms/separable/sums.h",
        "i < some && t_.rank > 1; ++i",
        "i < some && t_.rank > 4; ++i",
        ("test_conv_separable.py::test_not_finite_at_every_position",),
    ),
    Fault(
        "the last of equal maxima of rows",
        "cpp/algorithms/pooling/search.h",
        "if (!(x > y || (x != x && y == y))) continue;",
        "if (x < y) continue;",
        ("test_pool.py::test_large_windows", "test_pool_bits.py::test_the_first_of_equals"),
    ),
    Fault(
        "a maximum in the border",
        "cpp/algorithms/pooling/search.h",
        "index += ((-column - 1) / taps.step + 1) * taps.step;",
        "index += 0;",
        ("test_pool_bits.py::test_ties_in_long_rows",),
    ),
    Fault(
        "no look for NaN in long rows",
        "cpp/algorithms/pooling/search.h",
        "if (follow) nans = holds_nan<T>(a.values, a.outputs * a.positions);",
        "",
        ("test_pool_bits.py::test_ties_in_long_rows",),
    ),
    Fault(
        "squares that end with their plane",
        "cpp/algorithms/pooling/kernel.cpp",
        "follow ? a.rows - 1 - kLanes / a.positions : 0;",
        "a.rows;",
        ("test_pool.py::test_squares_side_by_side",),
    ),
    Fault(
        "the last vector of a row",
        "cpp/algorithms/pooling/operations.h",
        "block(count - N, rows::Some<N>{});",
        "block(i - N, rows::Some<N>{});",
        ("test_pool.py::test_every_number_of_channels", "test_pool.py::test_every_length_of_row"),
    ),
    Fault(
        "pairs that begin too early",
        "cpp/algorithms/pooling/kernel.cpp",
        "const std::byte* const from = src + 2 * i * kSize;",
        "const std::byte* const from = src + (2 * i - (i > 0)) * kSize;",
        ("test_pool.py::test_every_length_of_row",),
    ),
    Fault(
        "a column of planes at once left out",
        "cpp/algorithms/pooling/kernel.cpp",
        "if (c < a.columns) y[0]",
        "if (c + 1 < a.columns) y[0]",
        ("test_pool.py::test_whole_planes_have_the_bits_of_channels_last",),
    ),
    Fault(
        "a row past the caches less its end",
        "cpp/algorithms/padding/room.cpp",
        "stream(dst, src, bytes);",
        "stream(dst, src, bytes - 1);",
        ("test_pad.py::test_long_rows_and_many_rows",),
    ),
    Fault(
        "an element of a narrow border",
        "cpp/algorithms/padding/room.cpp",
        "for (std::int64_t o = begin; o < end; ++o)\n        singles_",
        "for (std::int64_t o = begin; o < end - (end - begin > 3); ++o)\n        singles_",
        ("test_pad.py::test_every_pair_of_widths",),
    ),
    Fault(
        "the last channels of a window",
        "cpp/algorithms/pooling/kernel.cpp",
        "if (c > channels - N) c = channels - N;",
        "if (c > channels - N) break;",
        ("test_pool.py::test_windows_of_many_channels",),
    ),
    Fault(
        "a sum that does not begin at zero",
        "cpp/algorithms/pooling/kernel.cpp",
        "of(from_zero(Vec<T, N>::load(at)), i).store(at);",
        "of(Vec<T, N>::load(at), i).store(at);",
        ("test_pool_bits.py::test_means_of_negative_zeros",),
    ),
    Fault(
        "the first of several unpooled",
        "cpp/algorithms/unpooling/room.cpp",
        "for (std::int64_t i = 0; i < count; ++i)",
        "for (std::int64_t i = count - 1; i >= 0; --i)",
        (
            "test_unpool.py::test_the_last_of_several_wins",
            "test_unpool.py::test_random_unpools",
        ),
    ),
)


class Tree:
    """A copy of the checkout, built in place."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listed = run("git", "ls-files", "-z", cwd=ROOT).split("\0")[:-1]
        for name in listed:
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        run(
            *("cmake", "-S", root, "-B", root / "build", "-G", "Ninja"),
            *("-DCCONV_LEVELS=scalar;avx2", "-DCMAKE_BUILD_TYPE=None"),
            *("-DCMAKE_CXX_FLAGS=-O1 -DNDEBUG", "-DSKBUILD_PROJECT_VERSION=0"),
            f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={root}/python/cconv",
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-Dpybind11_DIR={run(sys.executable, '-m', 'pybind11', '--cmakedir').strip()}",
        )

    def build(self) -> None:
        run("cmake", "--build", self.root / "build", "--parallel", os.cpu_count())

    def is_green(self, test: str) -> bool:
        """Whether a test passes.  A crash is red as well; a test that is not there is an error."""
        command = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=no")
        status = subprocess.run(
            (*command, f"tests/{test}"),
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": f"{self.root}/python"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=600,
        ).returncode
        if status > 1:
            sys.exit(f"{test}: pytest could not run it (status {status})")
        return status == 0

    @contextmanager
    def edited(self, fault: Fault) -> Iterator[None]:
        path = self.root / fault.file
        before = path.read_text()
        if before.count(fault.text) != 1:
            sys.exit(f"{fault.file} has {before.count(fault.text)} times, not once: {fault.text}")
        path.write_text(before.replace(fault.text, fault.instead))
        yield
        path.write_text(before)


def run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout}")
    return done.stdout


def main(words: list[str]) -> int:
    faults = [f for f in FAULTS if not words or any(word in f.name for word in words)]
    if not faults:
        sys.exit(f"no fault is named like {' or '.join(words)}")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder))
        tree.build()
        for test in sorted({test for fault in faults for test in fault.tests}):
            if not tree.is_green(test):
                sys.exit(f"{test} is red without any fault")
        for fault in faults:
            start = time.monotonic()
            with tree.edited(fault):
                tree.build()
                green = [test for test in fault.tests if tree.is_green(test)]
            missed += bool(green)
            verdict = f"MISSED by {', '.join(green)}" if green else "noticed"
            print(f"{fault.name:32}{verdict} ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{len(faults) - missed} of {len(faults)} faults were noticed")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
