"""The promised error, by its formula."""

import numpy as np
import pytest
from accuracy import promised_error

from cconv import reference


def test_promised_error_is_the_formula():
    x, weight, bias = np.array([1.0, 2, -3, 4]), np.array([4.0, -5, 6]), np.array([-7.0])
    terms, magnitudes = 4, np.array([4 + 10 + 18 + 7, 8 + 15 + 24 + 7])

    def bound(of_type, **options):
        operands = (a.astype(of_type) for a in (x, weight, bias))
        return promised_error(reference.conv1d, *operands, **options)

    for dtype, eps, subnormal in (
        (np.float32, 2.0**-23, 2.0**-149),
        (np.float64, 2.0**-52, 2.0**-1074),
    ):
        np.testing.assert_array_equal(bound(dtype), eps * terms * magnitudes + terms * subnormal)
    sums = np.array([4 - 10 - 18 - 7, 8 + 15 + 24 - 7])  # -31 and 40: halves of ulps 2**-6, 2**-5
    np.testing.assert_array_equal(np.abs(sums), [31, 40])
    np.testing.assert_array_equal(
        bound(np.float16), bound(np.float32) + np.array([2.0**-7, 2.0**-6])
    )
    np.testing.assert_array_equal(bound(np.float32, dtype=np.float16), bound(np.float16))
    np.testing.assert_array_equal(bound(np.float64, dtype=np.float64), bound(np.float64))
    np.testing.assert_array_equal(bound(np.complex64), 2 * bound(np.float32))
    np.testing.assert_array_equal(bound(np.int16), 0)
    assert (bound(np.float32, activation="gelu", algorithm="fft") == bound(np.float32)).all()


def test_promised_error_counts_border_and_blocks():
    one = np.ones(1, np.float32)
    options = {"padding": 1, "padding_value": -3}
    edge = promised_error(reference.conv1d, one, np.ones(2, np.float32), **options)
    np.testing.assert_allclose(edge, 2.0**-23 * 2 * (3 + 1), rtol=1e-12)
    long = np.ones(8192, np.float32)
    bound = promised_error(reference.conv1d, long[:, None], long[None, :, None])
    np.testing.assert_allclose(bound, 2.0**-23 * (1024 + 32) * 8192, rtol=1e-12)


def test_promised_error_where_a_half_overflows():
    x = np.array([60000, 65500, 1], np.float16)
    bound = promised_error(reference.conv1d, x, np.array([1, 1], np.float16))
    assert np.isinf(bound[0])
    bound = promised_error(reference.conv1d, x[:1], np.ones(1, np.float16))
    assert bound.item() == pytest.approx(16, rel=1e-2)  # 60000 lies where halves are 32 apart
