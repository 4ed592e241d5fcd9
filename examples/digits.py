"""scikit-learn's digits by logistic regression, on their pixels and on convolution features.

The features are fixed, nothing of them is learnt: edges in eight directions, rectified, and the
strongest of each neighbourhood.  As a step of a pipeline they go wherever scikit-learn's do.
"""

import argparse
import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import cconv


def edges():
    """Slopes in eight directions, weights of shape (8, 1, 3, 3)."""
    y, x = np.mgrid[-1:2, -1:2]
    angles = np.arange(8).reshape(8, 1, 1, 1) * np.pi / 4
    return np.cos(angles) * x + np.sin(angles) * y


def features(pixels):
    """Turn flat images (N, 64) into flat features (N, 8 * 4 * 4)."""
    images = pixels.reshape(-1, 1, 8, 8)
    maps = cconv.conv2d(images, edges(), padding="same", activation="relu")
    return cconv.max_pool2d(maps, 3, stride=2, padding=1).reshape(len(pixels), -1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--train", type=int, default=400, metavar="N", help="images to learn from (default: 400)"
    )
    args = parser.parse_args()
    if not 50 <= args.train <= 1500:
        sys.exit(f"digits: --train {args.train}; 50 to 1500 would do")
    pixels, digits = load_digits(return_X_y=True)
    sets = train_test_split(pixels, digits, train_size=args.train, stratify=digits, random_state=0)
    train_x, test_x, train_y, test_y = sets
    for name, steps in {"pixels": [], "features": [FunctionTransformer(features)]}.items():
        model = make_pipeline(*steps, StandardScaler(), LogisticRegression(max_iter=1000))
        model.fit(train_x, train_y)
        wrong = np.count_nonzero(model.predict(test_x) != test_y)
        print(f"{name:9}{1 - wrong / len(test_y):7.2%} of {len(test_y)} right, {wrong} wrong")


if __name__ == "__main__":
    main()
