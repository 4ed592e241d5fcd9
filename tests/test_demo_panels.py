"""What the demo's panels show, computed again by the reference or by NumPy."""

import numpy as np
import pytest

from cconv import reference
from cconv.cli import kernels

pytest.importorskip("matplotlib")
from cconv.cli.demo import borders, filters, network, pools
from cconv.cli.demo.steps import Steps
from cconv.cli.demo.tiles import around, crop, detail, enlarged, mosaic

RNG = np.random.default_rng(11)
TIMES = "\N{MULTIPLICATION SIGN}"
EDGE = {"padding": "same", "padding_mode": "edge"}


def soft(*shape):
    """Blurred noise from 0 to 1, a photograph's share of smoothness."""
    noise = RNG.random(shape, dtype=np.float32)
    return reference.conv2d(noise, kernels.gaussian(5, 1.2), **EDGE).astype(np.float32)


PHOTO = soft(3, 60, 50)
PLANE = soft(200, 150)  # reduced for the small copies


def blocks(x, size, reduce):
    *lead, H, W = x.shape
    h, w = H // size, W // size
    tiles = x[..., : h * size, : w * size].reshape(*lead, h, size, w, size)
    return reduce(tiles, axis=(-3, -1))


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=2e-6)


def channels_last(x):
    return np.moveaxis(x, 0, -1)


def panels(row):
    assert len({panel.title for panel in row.panels}) == len(row.panels) == 5
    return {panel.title: panel for panel in row.panels}


# -------------------------------------------------------------------------------- filters


def test_blurs_show_the_framed_detail():
    step = filters.grey(PHOTO, Steps())
    luminance = np.tensordot(np.array([0.299, 0.587, 0.114]), PHOTO, 1)
    close(step.result, luminance[np.newaxis])
    shown = panels(filters.blur(PHOTO, step, Steps()))
    np.testing.assert_array_equal(shown["the photograph"].picture, channels_last(PHOTO))
    close(shown["grey"].picture, luminance)
    left, top, right, bottom = shown["the photograph"].outline
    for name, kernel in [
        ("box blur", np.full((9, 9), 1 / 81)),
        ("Gaussian blur", kernels.gaussian(13, 2.0)),
        ("sharpen", kernels.SHARPEN),
    ]:
        whole = reference.conv2d(PHOTO, kernel.astype(np.float32), **EDGE)
        close(shown[name].picture, channels_last(whole[:, top:bottom, left:right]))


def test_edges_are_differences():
    plane = PHOTO[0]
    shown = panels(filters.edges(plane, Steps()))
    x, y = (reference.conv2d(plane, k, **EDGE) for k in (kernels.SOBEL_X, kernels.SOBEL_Y))
    close(shown["Sobel x"].picture, x)
    close(shown["Sobel y"].picture, y)
    close(shown["Sobel magnitude"].picture, np.sqrt(x**2 + y**2))
    close(shown["Laplacian"].picture, reference.conv2d(plane, kernels.LAPLACIAN, **EDGE))
    close(shown["emboss"].picture, reference.conv2d(plane, kernels.EMBOSS, **EDGE) + 0.5)


def test_strides_are_means_of_blocks():
    row = filters.strides(PHOTO[0], Steps())
    for panel, size in zip(row.panels[:3], (2, 4, 8), strict=True):
        assert panel.title.startswith(f"stride {size}: ")
        close(panel.picture, blocks(PHOTO[0], size, np.mean))
    for panel, kernel in zip(row.panels[3:], (kernels.box(3), kernels.SOBEL_X), strict=True):
        close(panel.picture, reference.conv2d(PHOTO[0], kernel, padding="same", dilation=2))


# ---------------------------------------------------------------------------------- pools


@pytest.mark.parametrize("plane", [PLANE, PHOTO[0], soft(16, 16)])
def test_pools_are_maxima_and_means_in_place(plane):
    few = blocks(plane, 2, np.mean) if plane is PLANE else plane
    shown = panels(pools.pools(plane, Steps()))
    features, *pooled = shown.values()
    expected = np.maximum(reference.conv2d(few, kernels.SOBEL_X, **EDGE), 0)
    close(features.picture, expected)
    for size in (2, 8):
        maxima, means = shown[f"max pool {size}"], shown[f"average pool {size}"]
        np.testing.assert_array_equal(maxima.picture, blocks(features.picture, size, np.max))
        close(means.picture, blocks(features.picture, size, np.mean))
        for panel in (maxima, means):
            h, w = panel.picture.shape
            assert panel.place == (0, 0, w * size, h * size)
            rows = f"\N{LEFT FLOOR}({len(few)} \N{MINUS SIGN} {size}) / {size}\N{RIGHT FLOOR}"
            assert panel.caption[0] == f"{size}{TIMES}{size}, stride {size}; rows {rows} + 1 = {h}"
            assert panel.caption[-1] == f"{few.shape} → {(h, w)}"
    for panel in pooled:
        assert panel.view == (0, 0, few.shape[1], few.shape[0])
        assert panel.outline == features.outline
        assert panel.limit == features.limit == features.picture.max()


def test_the_framed_window_holds_the_strongest_edge_that_is_pooled():
    shown = panels(pools.pools(PLANE, Steps()))
    maxima = shown["max pool 8"].picture
    left, top, right, bottom = shown["max pool 8"].outline
    assert (right - left, bottom - top, left % 8, top % 8) == (8, 8, 0, 0)
    assert maxima[top // 8, left // 8] == maxima.max()


# -------------------------------------------------------------------------------- borders


@pytest.mark.parametrize("shape", [(3, 60, 50), (1, 16, 16), (3, 500, 400), (1, 16, 900)])
def test_padding_modes_are_those_of_numpy(shape):
    photo = RNG.random(shape, dtype=np.float32)
    box = detail(*shape[1:])
    part = crop(photo, box)
    few = blocks(part, max(1, min(max(part.shape[1:]) // 24, *part.shape[1:])), np.mean)
    _, h, w = few.shape
    rows, columns = -(-h // 2), -(-w // 2)
    widths = [(0, 0), (rows, rows), (columns, columns)]
    for mode, panel in panels(borders.modes(photo, Steps())).items():
        expected = np.pad(few, widths, mode=mode)
        close(panel.picture, channels_last(expected) if len(photo) == 3 else expected[0])
        assert panel.outline == (0, 0, w, h)
        assert panel.place == (-columns, -rows, w + columns, h + rows)
        line = " ".join(map(str, np.pad([1, 2, 3, 4], 3, mode=mode)))
        assert panel.caption[0] == f"{line[:5]} [1 2 3 4] {line[-5:]}"
        assert f"rows {h} + 2·{rows} = {expected.shape[1]}" in panel.caption[1]
        assert f"columns {w} + 2·{columns} = {expected.shape[2]}" in panel.caption[1]


def test_words_keep_so_much_of_the_border():
    shown = panels(borders.words(PLANE, Steps()))  # too few pixels to be reduced
    blur = kernels.box(15)
    for title, panel in shown.items():
        word, _, mode = title.partition(", ")
        options = {"padding": word.strip('"'), "padding_mode": mode or "constant"}
        close(panel.picture, reference.conv2d(PLANE, blur, **options))
        left, top, right, bottom = panel.place
        assert (bottom - top, right - left) == panel.picture.shape
        assert (left + right, top + bottom) == (150, 200)  # around the same centre
        assert panel.outline == (0, 0, 150, 200)
        assert panel.view.left <= left
        assert panel.view.top <= top


# -------------------------------------------------------------------------------- network


@pytest.mark.parametrize("photo", [PHOTO, PHOTO[:1]])
def test_the_network_is_conv_relu_max_pool_twice(photo):
    first, second = network.weights(len(photo))
    edges = np.maximum(reference.conv2d(photo, first, **EDGE), 0)
    fewer = blocks(edges, 2, np.max)
    pairs = np.maximum(reference.conv2d(fewer, second, **EDGE), 0)
    fewest = blocks(pairs, 2, np.max)
    row = network.stack(photo, Steps())
    image, *maps = row.panels
    np.testing.assert_array_equal(
        image.picture, channels_last(photo) if len(photo) == 3 else photo[0]
    )
    expected = [around(edges), around(enlarged(fewer)), mosaic(enlarged(pairs), 4)]
    expected.append(mosaic(enlarged(fewest), 4))
    for panel, mosaic_of_maps in zip(maps, expected, strict=True):
        close(panel.picture, mosaic_of_maps)
    ends = [panel.caption[-1].partition(" → ")[2] for panel in maps]
    assert ends == ["(8, 60, 50)", "(8, 30, 25)", "(16, 30, 25)", "(16, 15, 12)"]
    seen = [panel.caption[-2] for panel in maps]
    assert seen == [f"sees {n}{TIMES}{n} pixels" for n in (7, 8, 16, 18)]


def test_patterns_are_both_layers_as_one():
    first, second = network.weights(1)
    image = soft(1, 40, 40)
    both = reference.conv2d(reference.conv2d(image, first), second, dilation=network.POOL)
    patterns = network.patterns(first, second)
    close(reference.conv2d(image, patterns[:, np.newaxis]), both)


def test_each_map_finds_its_lines_and_corners():
    y, x = np.mgrid[-20:21, -20:21]
    angles = np.arange(8) * np.pi / 4
    # How far a pixel lies in each direction
    far = np.cos(angles)[:, None, None] * x + np.sin(angles)[:, None, None] * y
    bright = [np.abs(far[i]) < 2.5 for i in range(4)]
    dark = [~line for line in bright]
    corners = [(far[i] > -1) & (far[(i + 2) % 8] > -1) for i in range(8)]
    first, second = network.weights(1)
    for i, scene in enumerate([*bright, *dark, *corners]):
        maps = np.maximum(reference.conv2d(scene[None].astype(np.float32), first, **EDGE), 0)
        pairs = reference.conv2d(blocks(maps, 2, np.max), second, **EDGE)
        assert pairs[:, 8:12, 8:12].max((1, 2)).argmax() == i


# ---------------------------------------------------------------------------------- tiles


def test_mosaics_lay_tiles_out_in_rows():
    tiles = np.arange(8, dtype=np.float32)[:, None, None] + np.zeros((8, 2, 3), np.float32)
    ring = around(tiles)
    assert ring.shape == (8, 11)
    assert ring[::3, ::4].tolist()[0] == [5, 6, 7]
    assert ring[3, ::4].tolist()[::2] == [4, 0]
    assert np.isnan(ring[3:5, 4:7]).all()
    assert ring[6, ::4].tolist() == [3, 2, 1]
    assert np.isnan(ring[2::3]).all()
    assert np.isnan(ring[:, 3::4]).all()
    lone = mosaic(tiles[:3], 2)
    assert lone.shape == (5, 7)
    assert np.isnan(lone[3:, 4:]).all()


@pytest.mark.parametrize(("shape", "factor"), [((2, 3, 7), 6), ((1, 40, 2), 1), ((1, 41, 9), 1)])
def test_enlarged_repeats_pixels(shape, factor):
    maps = RNG.random(shape, dtype=np.float32)
    expected = np.kron(maps, np.ones((1, factor, factor), np.float32))
    np.testing.assert_array_equal(enlarged(maps), expected)
