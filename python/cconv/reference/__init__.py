"""The definition of correct: the operations in plain NumPy, each step next to its formula.

In come the arguments of the function of the same name in `cconv`, out goes what that one promises.
Slow, and exact where that costs nothing: floats are summed in float64, integers of a convolution in
int64, complex numbers in complex128.  Nothing here calls the rest of the package, so that the two
can be held against each other.

    conv.py                   convolution: the route of a call, and its sum
    max_pool.py, avg_pool.py, lp_pool.py, unpool.py
                              pools, the adaptive ones too, each next to its formula
    padding.py                borders, and `pad`
    windows.py                sizes along one axis
    pooling.py, activations.py, types.py, arguments.py
                              what these ask

Letters: N batch, C input channels, O output channels, G groups; along one axis n elements.
"""

from cconv.reference.conv import conv1d, conv2d, conv3d
from cconv.reference.padding import pad
from cconv.reference.windows import output_size, resolve_padding, same_padding

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "output_size",
    "pad",
    "resolve_padding",
    "same_padding",
]
