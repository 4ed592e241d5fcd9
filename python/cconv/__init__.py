"""Convolution, pooling and padding of a deep-learning framework for NumPy arrays."""

from typing import TYPE_CHECKING

from cconv import shapes
from cconv._core import version as __version__
from cconv.adaptive_pool import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
)
from cconv.avg_pool import avg_pool1d, avg_pool2d, avg_pool3d
from cconv.conv import conv1d, conv2d, conv3d
from cconv.layers import Conv1d, Conv2d, Conv3d
from cconv.lp_pool import lp_pool1d, lp_pool2d, lp_pool3d
from cconv.max_pool import max_pool1d, max_pool2d, max_pool3d
from cconv.padding import pad
from cconv.plan import explain
from cconv.settings import get_num_threads, num_threads, set_num_threads, show_config
from cconv.unpool import max_unpool1d, max_unpool2d, max_unpool3d

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "__version__",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "conv1d",
    "conv2d",
    "conv3d",
    "explain",
    "get_num_threads",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "num_threads",
    "pad",
    "reference",
    "set_num_threads",
    "shapes",
    "show_config",
]

if TYPE_CHECKING:
    from cconv import reference
else:

    def __getattr__(name):
        # Few need the reference, and it takes as long to import as all the rest.
        if name == "reference":
            import cconv.reference

            return cconv.reference
        raise AttributeError(f"module 'cconv' has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
