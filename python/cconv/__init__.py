"""Convolution, pooling and padding of a deep-learning framework for NumPy arrays."""

from cconv import reference, shapes
from cconv._core import version as __version__
from cconv.conv import conv1d, conv2d, conv3d
from cconv.layers import Conv1d, Conv2d, Conv3d
from cconv.padding import pad
from cconv.plan import explain
from cconv.settings import get_num_threads, num_threads, set_num_threads, show_config

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "__version__",
    "conv1d",
    "conv2d",
    "conv3d",
    "explain",
    "get_num_threads",
    "num_threads",
    "pad",
    "reference",
    "set_num_threads",
    "shapes",
    "show_config",
]
