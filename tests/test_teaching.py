"""Worked examples of the texts that teach convolution: any of them may be typed in and tried."""

import numpy as np
import pytest
from problems import values

import cconv
from cconv import conv2d, reference, shapes

BINARY = np.array(
    [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]],
    np.float32,
)
CROSS = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], np.float32)


def test_5x5_by_3x3_is_3x3():
    y = conv2d(BINARY, CROSS)
    assert y.shape == (3, 3)
    assert y[0, 0] == 4
    assert y.tolist() == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]


def test_same_keeps_5x5():
    y = conv2d(BINARY, CROSS, padding="same")
    assert y.shape == (5, 5)
    np.testing.assert_array_equal(y[1:-1, 1:-1], conv2d(BINARY, CROSS))
    np.testing.assert_array_equal(y, conv2d(BINARY, CROSS, padding=1))


def test_zero_padding_surrounds():
    image = np.array([[1.0, 2], [3, 4]])
    padded = conv2d(image, np.ones((1, 1)), padding=1)
    assert padded.tolist() == [[0, 0, 0, 0], [0, 1, 2, 0], [0, 3, 4, 0], [0, 0, 0, 0]]


def test_a_patch_and_a_vertical_edge():
    """Cross-correlation: the kernel is not flipped."""
    patch = np.array([[10.0, 20, 30], [15, 25, 35], [20, 30, 40]])
    kernel = np.array([[1.0, 0, -1]] * 3)
    assert conv2d(patch, kernel).tolist() == [[-60]]
    assert conv2d(patch, kernel[:, ::-1]).tolist() == [[60]]


def test_how_often_pixels_are_used():
    """A corner 1 time, an edge 3, the centre 9."""
    used = [conv2d(pixel.reshape(5, 5), np.ones((3, 3))).sum() for pixel in np.eye(25)]
    used = np.reshape(used, (5, 5))
    assert used[0, 0] == used[0, -1] == used[-1, 0] == used[-1, -1] == 1
    assert used[0, 2] == used[2, 0] == used[2, -1] == used[-1, 2] == 3
    assert used[2, 2] == 9
    np.testing.assert_array_equal(used, np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1]))


def test_three_3x3_see_7x7_with_27_weights_for_49():
    pixels = np.eye(81).reshape(81, 9, 9)
    kernels = [np.ones((3, 3))] * 3
    for kernel in kernels:
        pixels = conv2d(pixels, kernel)
    seen = pixels[:, 1, 1].reshape(9, 9) > 0
    np.testing.assert_array_equal(seen, np.pad(np.ones((7, 7), bool), 1))
    assert shapes.receptive_field([(3, 1, 1)] * 3) == 7
    assert sum(kernel.size for kernel in kernels) == 27
    assert np.ones((7, 7)).size == 49


@pytest.mark.parametrize(("stride", "extent"), [(1, 64), (2, 32)])
def test_three_filters_make_three_maps(stride, extent):
    image, filters = values(0, (64, 64, 1)), values(1, (3, 1, 3, 3))
    y = conv2d(image, filters, stride=stride, padding="same", channels_last=True)
    assert y.shape == (extent, extent, 3)
    first = conv2d(np.moveaxis(image, -1, 0), filters, stride=stride, padding="same")
    assert first.shape == (3, extent, extent)
    assert shapes.output_size(64, 3, stride, shapes.same_padding(64, 3, stride)) == extent


def test_valid_drops_what_does_not_align():
    image, kernel = values(0, (6, 8)), values(1, (3, 3))
    y = conv2d(image, kernel, stride=(2, 3), padding="valid")
    assert y.shape == (2, 2)
    image[5:], image[:, 6:] = 99, 99
    np.testing.assert_array_equal(conv2d(image, kernel, stride=(2, 3), padding="valid"), y)


def test_same_puts_the_odd_element_at_the_end():
    signal, pair = np.array([1.0, 2, 4]), np.array([1.0, 1])
    assert cconv.conv1d(signal, pair, padding="same").tolist() == [3, 6, 4]
    assert cconv.conv1d(signal, pair, padding="same_lower").tolist() == [1, 3, 6]
    assert cconv.conv1d(signal, pair, padding="full").tolist() == [1, 3, 6, 4]


def test_dilation_spreads_the_kernel():
    """Two taps 3 apart see what a kernel with zeros between sees."""
    signal = values(0, 20)
    spread = cconv.conv1d(signal, [1.0, -1], dilation=3)
    np.testing.assert_array_equal(spread, cconv.conv1d(signal, [1.0, 0, 0, -1]))
    np.testing.assert_array_equal(spread, signal[:-3] - signal[3:])


def test_a_pointwise_layer_mixes_channels():
    image, weight = values(0, (4, 6, 7)), values(1, (3, 4, 1, 1))
    mixed = np.einsum("chw,oc->ohw", image, weight[:, :, 0, 0])
    np.testing.assert_allclose(conv2d(image, weight), mixed, rtol=1e-5, atol=1e-5)


def test_depthwise_filters_each_channel_alone():
    image, weight = values(0, (4, 6, 7)), values(1, (4, 1, 3, 3))
    y = conv2d(image, weight, groups=4, algorithm="direct")
    for channel in range(4):
        alone = conv2d(image[channel], weight[channel, 0], algorithm="direct")
        np.testing.assert_array_equal(y[channel], alone)


def test_two_layers_of_a_network():
    """28x28 -> conv 5x5, ReLU, stride 2 -> conv 3x3: 28, 24, 12 by stride, 10."""
    digit = values(0, (1, 28, 28))
    first = cconv.Conv2d(values(1, (6, 1, 5, 5)), values(2, 6), stride=2, activation="relu")
    second = cconv.Conv2d(values(3, (16, 6, 3, 3)), values(4, 16), activation="relu")
    y = second(first(digit))
    assert first(digit).shape == (6, 12, 12)
    assert y.shape == (16, 10, 10)
    assert (y >= 0).all()


def test_a_7680x4320_image():
    image = np.random.default_rng(0).random((4320, 7680), np.float32)
    blur = np.full((3, 3), 1 / 9, np.float32)
    y = conv2d(image, blur, padding="same", padding_mode="edge")
    assert y.shape == image.shape
    for rows in (slice(0, 5), slice(2158, 2163), slice(-5, None)):
        for columns in (slice(0, 9), slice(3837, 3846), slice(-9, None)):
            part = reference.conv2d(image[rows, columns], blur)
            np.testing.assert_allclose(y[rows, columns][1:-1, 1:-1], part, rtol=1e-6)
    np.testing.assert_allclose(
        y[0, 0], (4 * image[0, 0] + 2 * (image[0, 1] + image[1, 0]) + image[1, 1]) / 9, rtol=1e-6
    )
    edges = conv2d(image[:, :, None], [[-1, 0, 1]] * 3, stride=2, channels_last=True)
    assert edges.shape == (2159, 3839, 1)
