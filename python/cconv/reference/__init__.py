"""The definition of correct: the operations in plain NumPy, each step next to its formula.

In come the arguments of the function of the same name in `cconv`, out goes what that one promises.
Slow, and exact where that costs nothing: floats are summed in float64, integers of a convolution in
int64, complex numbers in complex128.  Nothing here calls the rest of the package, so that the two
can be held against each other.  The modules::

    conv.py                   convolution: the route of a call, and its sum
    max_pool.py, avg_pool.py, lp_pool.py, unpool.py
                              pools, the adaptive ones too, each next to its formula
    padding.py                borders, and `pad`
    windows.py                sizes along one axis
    pooling.py, activations.py, types.py, arguments.py
                              what these ask

Letters: N batch, C input channels, O output channels, G groups; along one axis n elements.
"""

from cconv.reference.avg_pool import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
)
from cconv.reference.conv import conv1d, conv2d, conv3d
from cconv.reference.lp_pool import lp_pool1d, lp_pool2d, lp_pool3d
from cconv.reference.max_pool import (
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from cconv.reference.padding import pad
from cconv.reference.unpool import max_unpool1d, max_unpool2d, max_unpool3d
from cconv.reference.windows import halo, output_size, resolve_padding, same_padding

__all__ = [
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
    "halo",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "output_size",
    "pad",
    "resolve_padding",
    "same_padding",
]
