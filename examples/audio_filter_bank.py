"""A spectrogram as an ear hears it: a bank of gammatone filters, rectified, pooled to loudness.

One `conv1d` of one channel to many is the bank, its activation the rectifier; `lp_pool1d` takes the
root of the mean square of overlapping windows.  16-bit samples go in as they are.
"""

import argparse
import sys
import wave
from pathlib import Path

import numpy as np
from PIL import Image

import cconv


def centres(bands, low, high):
    """Frequencies spaced evenly on the scale of equivalent rectangular bandwidths."""
    if bands < 1:
        raise ValueError(f"{bands} bands; at least 1 would do")
    ends = np.log1p(0.00437 * np.array([low, high]))
    return np.expm1(np.linspace(*ends, bands)) / 0.00437


def gammatone(frequencies, rate, taps=1024):
    """Impulse responses of fourth order, gain 1 at their frequency, as weights (bands, 1, taps)."""
    t = np.arange(taps) / rate
    f = frequencies[:, np.newaxis]
    bandwidth = 1.019 * 24.7 * (0.00437 * f + 1)
    envelope = t**3 * np.exp(-2 * np.pi * bandwidth * t)
    response = envelope * np.cos(2 * np.pi * f * t)
    response /= np.abs((response * np.exp(-2j * np.pi * f * t)).sum(1, keepdims=True))
    return response[:, np.newaxis, ::-1].astype(np.float32)  # a correlation: the past comes first


def loudness(sound, bank, window=512, hop=256):
    """Root mean squares, shape (bands, frames), of what each filter lets through."""
    past = [(bank.shape[-1] - 1, 0)]
    heard = cconv.conv1d(sound[np.newaxis], bank, padding=past, activation="relu")
    return cconv.lp_pool1d(heard, 2, window, stride=hop) / np.sqrt(window)


def chirp(rate, seconds=2, low=200, high=5000):
    """16-bit samples of a tone that rises by equal intervals in equal times."""
    growth = np.log(high / low) / seconds
    phase = 2 * np.pi * low / growth * np.expm1(growth * np.arange(seconds * rate) / rate)
    return np.rint(10_000 * np.sin(phase)).astype(np.int16)


def read(path):
    """Samples and sampling rate of a WAV file."""
    with wave.open(str(path)) as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise ValueError(f"{path} is not mono of 16 bits, which would do")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()


def picture(levels, scale=4):
    """The uppermost 60 dB from black to white, high frequencies on top."""
    decibels = 20 * np.log10(np.maximum(levels / (levels.max() or 1), 1e-3))
    grey = np.rint(255 * (1 + decibels / 60)).astype(np.uint8)
    return Image.fromarray(grey[::-1].repeat(scale, 0).repeat(scale, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="picture to draw, or .npy file of the numbers")
    parser.add_argument("--wav", type=Path, help="mono, 16 bits (default: a chirp)")
    parser.add_argument("--bands", type=int, default=64, metavar="N", help="filters (default: 64)")
    args = parser.parse_args()
    try:
        sound, rate = read(args.wav) if args.wav else (chirp(16_000), 16_000)
        frequencies = centres(args.bands, 100, 0.4 * rate)
        levels = loudness(sound, gammatone(frequencies, rate))
        if args.target.suffix == ".npy":
            np.save(args.target, levels)
        else:
            picture(levels).save(args.target)
    except (OSError, EOFError, ValueError, wave.Error) as error:
        sys.exit(f"audio_filter_bank: {error}")
    loudest = frequencies[levels.argmax(0)]
    print(f"{len(sound) / rate:g} s in {levels.shape[0]} bands and {levels.shape[1]} frames,")
    print(f"loudest from {loudest[0]:.0f} Hz at the start to {loudest[-1]:.0f} Hz at the end")


if __name__ == "__main__":
    main()
