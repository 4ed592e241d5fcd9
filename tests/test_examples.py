"""Each script of examples/ as a process of its own; its results against SciPy and scikit-learn."""

import os
import re
import runpy
import subprocess
import sys
import wave
from pathlib import Path

import child
import numpy as np
import pytest
from numpy.lib.format import open_memmap

pytest.importorskip("PIL")
from PIL import Image

scipy = pytest.importorskip("scipy")

EXAMPLES = Path(__file__).parent.parent / "examples"
RNG = np.random.default_rng(7)


def run(folder, name, *arguments):
    return subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "SKBUILD_EDITABLE_VERBOSE": "0"},  # a rebuild writes to stderr
        capture_output=True,
        text=True,
        timeout=120,
    )


def printed(done):
    """What a script printed, once it has ended well and without a warning."""
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def functions(name):
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


def volume(path, shape, dtype):
    array = (RNG.random(shape) * 1000).astype(dtype)
    np.save(path, array)
    return array


# ------------------------------------------------------------------------ a large image


def test_large_image(tmp_path):
    picture = image(tmp_path / "photo.png", 40, 50, "L")
    printed_lines = printed(
        run(tmp_path, "large_image", "soft.png", "--image", "photo.png", "--kernel", 7)
    ).splitlines()
    assert re.fullmatch(r"50 x 40 by 7 x 7: \d+ ms", printed_lines[0])
    assert any(line.startswith("SciPy") for line in printed_lines)
    column = functions("large_image")["gaussian"](7)
    grey = np.asarray(Image.open(tmp_path / "photo.png").convert("L"), float)
    assert grey.shape == picture.shape[:2]
    expected = scipy.ndimage.convolve(grey, np.outer(column, column), mode="mirror")
    assert abs(np.asarray(Image.open(tmp_path / "soft.png")) - expected).max() <= 1


# ------------------------------------------------------------------------ a folder of images


def image(path, height, width, mode="RGB"):
    pixels = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels).convert(mode)
    picture.save(path)
    return np.asarray(picture.convert("RGB"))


def block_means(pixels, factor):
    """Of whole and cut blocks: sums over counts."""
    starts = [np.arange(0, n, factor) for n in pixels.shape[:2]]

    def sums(array):
        return np.add.reduceat(np.add.reduceat(array, starts[0], 0), starts[1], 1)

    return sums(pixels.astype(float)) / sums(np.ones_like(pixels, float))


def test_image_folder(tmp_path):
    photos, previews = tmp_path / "photos", tmp_path / "out" / "previews"
    photos.mkdir()
    (photos / "folder").mkdir()
    images = {
        "colour.png": image(photos / "colour.png", 24, 36),
        "grey.bmp": image(photos / "grey.bmp", 13, 22, "L"),
        "tiny.png": image(photos / "tiny.png", 1, 2),
    }
    done = run(tmp_path, "image_folder", photos, previews, "--factor", 3, "--processes", 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"3 of 3 files became previews in {previews}\n"
    assert "3/3" in done.stderr
    assert sorted(path.name for path in previews.iterdir()) == sorted(images)
    for name, pixels in images.items():
        sharpen = np.array([[0, -1, 0], [-1, 8, -1], [0, -1, 0]])[..., np.newaxis] / 4
        sharp = scipy.ndimage.correlate(block_means(pixels, 3), sharpen, mode="nearest")
        preview = np.asarray(Image.open(previews / name).convert("RGB"))
        assert preview.dtype == np.uint8
        assert np.abs(preview - sharp.clip(0, 255)).max() < 0.501


def test_image_folder_leaves_out_what_is_no_image(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    image(photos / "a.png", 8, 8)
    (photos / "b.png").write_bytes((photos / "a.png").read_bytes()[:60])
    (photos / "notes.txt").write_text("no image")
    done = run(tmp_path, "image_folder", photos, "previews", "--processes", 1)
    assert done.returncode == 1
    assert done.stdout == "1 of 3 files became previews in previews\n"
    assert [line.split(":")[0] for line in done.stderr.splitlines()[-2:]] == ["b.png", "notes.txt"]
    assert [path.name for path in (tmp_path / "previews").iterdir()] == ["a.png"]


# ----------------------------------------------------------------------- a microscopy stack


@pytest.mark.parametrize(("dtype", "planes"), [("<u2", 1), (">u2", 4), ("f4", 5), ("u1", 100)])
def test_microscopy_stack(tmp_path, dtype, planes):
    stack = volume(tmp_path / "stack.npy", (13, 20, 17), dtype)
    out = run(
        tmp_path, "microscopy_stack", "stack.npy", "smooth.npy",
        "--planes", planes, "--sigma", 1.2, 0.8, 2,
    )  # fmt: skip
    assert printed(out).startswith("smoothed (13, 20, 17) ")
    smooth = np.load(tmp_path / "smooth.npy")
    exact = scipy.ndimage.gaussian_filter(stack.astype(float), (1.2, 0.8, 2), mode="nearest")
    assert smooth.dtype == stack.dtype.newbyteorder("=")
    assert np.abs(smooth - exact).max() < (1e-3 if dtype == "f4" else 0.501)


def test_microscopy_stack_makes_one(tmp_path):
    printed(run(tmp_path, "microscopy_stack", "s.npy", "t.npy", "--make", 3, 200, 100))
    stack, smooth = (np.load(tmp_path / name) for name in ("s.npy", "t.npy"))
    assert stack.shape == smooth.shape == (3, 200, 100)
    assert stack.max() > 15_000
    assert smooth.std() < stack.std() / 3


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux counts")
def test_microscopy_stack_takes_little_memory(tmp_path):
    """A stack of 67 MB; only its last planes are written, the others are holes in the file."""
    open_memmap(tmp_path / "stack.npy", "w+", np.uint16, (512, 256, 256))[-3:] = 500
    arguments = ["microscopy_stack.py", *(str(tmp_path / name) for name in ("stack.npy", "t.npy"))]
    code = f"""
import re, runpy, sys
import numpy, cconv

def peak():
    with open("/proc/self/status") as file:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", file.read())[1]) / 1000

before = peak()
sys.argv = {arguments}
runpy.run_path({str(EXAMPLES / "microscopy_stack.py")!r}, run_name="__main__")
print(peak() - before)
"""
    megabytes = float(child.run(code, CCONV_NUM_THREADS="2").splitlines()[-1])
    assert 2 < megabytes < 40  # with its halo a chunk has 2 MB, and 4 in float32, several times
    smooth = np.load(tmp_path / "t.npy", mmap_mode="r")
    assert (smooth[-1] > 450).all()
    assert smooth[:500].max() == 0


# ----------------------------------------------------------------------------------- audio


def heard(sound, bank):
    """The levels by SciPy: filter, rectify, root mean square of windows of 512 every 256."""
    responses = bank[:, 0, ::-1].astype(float)
    waves = [scipy.signal.lfilter(response, 1, sound.astype(float)) for response in responses]
    windows = np.lib.stride_tricks.sliding_window_view(np.maximum(waves, 0), 512, -1)[:, ::256]
    return np.sqrt((windows**2).mean(-1))


def test_audio_follows_the_chirp(tmp_path):
    out = printed(run(tmp_path, "audio_filter_bank", "levels.npy", "--bands", 40))
    assert out.startswith("2 s in 40 bands and 124 frames,\nloudest from ")
    example = functions("audio_filter_bank")
    centres = example["centres"](40, 100, 6400)
    assert centres[0] == pytest.approx(100)
    assert centres[-1] == pytest.approx(6400)
    bank = example["gammatone"](centres, 16_000)
    levels = np.load(tmp_path / "levels.npy")
    expected = heard(example["chirp"](16_000), bank)
    np.testing.assert_allclose(levels, expected, rtol=1e-3, atol=1e-4 * expected.max())
    # The tone rises from 200 to 5000 Hz; a frame of 32 ms hears it some ms late.
    time = (np.arange(124) * 256 + 256) / 16_000
    tone = 200 * 25 ** (time / 2)
    loudest = centres[levels.argmax(0)]
    assert np.abs(np.log(loudest / tone))[1:].max() < 0.2


def test_audio_draws_a_file(tmp_path):
    rate, t = 8000, np.arange(8000) / 8000
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((9000 * np.sin(2 * np.pi * 1000 * t)).astype("<i2").tobytes())
    out = printed(run(tmp_path, "audio_filter_bank", "a.png", "--wav", "tone.wav"))
    assert out.startswith("1 s in 64 bands and 30 frames,")
    assert 950 < int(re.search(r"to (\d+) Hz at", out)[1]) < 1050
    grey = np.asarray(Image.open(tmp_path / "a.png"))
    assert grey.shape == (4 * 64, 4 * 30)
    centres = functions("audio_filter_bank")["centres"](64, 100, 3200)
    rows = 63 - grey[::4, 4::4].argmax(0)
    assert (rows == np.abs(centres - 1000).argmin()).all()
    assert grey.min() == 0


# --------------------------------------------------------------------------------- a volume


def steepness(array, sigma):
    smooth = scipy.ndimage.gaussian_filter(array.astype(float), sigma, mode="reflect")
    slopes = [
        scipy.ndimage.correlate1d(smooth, [-0.5, 0, 0.5], axis, mode="nearest") for axis in range(3)
    ]
    return np.linalg.norm(slopes, axis=0)


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i2"])
def test_volume(tmp_path, dtype):
    array = volume(tmp_path / "v.npy", (16, 12, 20), dtype)
    arguments = ["--volume", "v.npy", "--block", 3, "--sigma", 1.2]
    out = printed(run(tmp_path, "volume", "maxima.npy", *arguments))
    steep = steepness(array, 1.2)
    blocks = steep[:15, :12, :18].reshape(5, 3, 4, 3, 6, 3)
    np.testing.assert_allclose(np.load(tmp_path / "maxima.npy"), blocks.max((1, 3, 5)), rtol=1e-4)
    place = np.unravel_index(steep[:15, :12, :18].argmax(), (15, 12, 18))
    assert out.startswith(f"120 blocks, steepest at {tuple(map(int, place))}: ")
    assert float(out.split()[-1]) == pytest.approx(steep[place], abs=1e-3)


def test_volume_draws_the_balls(tmp_path):
    printed(run(tmp_path, "volume", "v.png"))
    grey = np.asarray(Image.open(tmp_path / "v.png"))
    assert grey.shape == (256, 4 * 256)
    steep = steepness(functions("volume")["balls"](64), 1.5)[32]
    steep = 255 * (steep - steep.min()) / np.ptp(steep)
    assert np.abs(grey[::4, 512:768:4] - steep).max() < 1.1


# ----------------------------------------------------------------------------------- digits


def test_digits(tmp_path):
    out = printed(run(tmp_path, "digits", "--train", 200))
    lines = re.findall(r"^(\w+) +([\d.]+)% of 1597 right, (\d+) wrong$", out, re.M)
    (_, by_pixels, wrong), (_, by_features, fewer) = lines
    assert [name for name, *_ in lines] == ["pixels", "features"]
    assert float(by_features) > float(by_pixels) > 90
    assert int(fewer) < int(wrong)
    assert float(by_pixels) == pytest.approx(100 * (1 - int(wrong) / 1597), abs=0.006)


def test_digits_features():
    example = functions("digits")
    images = RNG.integers(0, 17, (5, 8, 8)).astype(float)
    maps = np.empty((5, 8, 4, 4))
    for n, image in enumerate(images):
        for o, kernel in enumerate(example["edges"]()[:, 0]):
            edges = scipy.ndimage.correlate(image, kernel, mode="constant").clip(0)
            maps[n, o] = scipy.ndimage.maximum_filter(edges, 3)[::2, ::2]
    np.testing.assert_allclose(
        example["features"](images.reshape(5, 64)), maps.reshape(5, -1), atol=1e-12
    )


# ----------------------------------------------------------------------------------- errors


def files(folder):
    """Files that one script or another refuses."""
    (folder / "photos").mkdir()
    (folder / "nothing").mkdir()
    image(folder / "photos" / "a.png", 8, 8)
    np.save(folder / "plane.npy", np.ones((8, 8)))
    np.save(folder / "words.npy", np.full((8, 8, 8), "word"))
    np.save(folder / "stack.npy", np.ones((8, 8, 8)))
    (folder / "empty.npy").write_bytes(b"")
    with wave.open(str(folder / "stereo.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
    return folder


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("image_folder nowhere previews", "No such file or directory"),
        ("image_folder nothing previews", "nothing has no files; a folder of images would do"),
        ("image_folder photos photos", "another folder would do"),
        ("image_folder photos previews --factor 0", "factor 0, processes "),
        ("image_folder photos previews --processes 0", "processes 0; at least 1 of each would do"),
        ("microscopy_stack nowhere.npy t.npy", "No such file or directory"),
        ("microscopy_stack empty.npy t.npy", "EOF"),
        ("microscopy_stack plane.npy t.npy", "shape (8, 8); (planes, rows, columns) would do"),
        ("microscopy_stack words.npy t.npy", "has dtype <U4"),
        ("microscopy_stack stack.npy stack.npy", "another file would do"),
        ("microscopy_stack stack.npy t.npy --planes 0", "0 planes a chunk; at least 1 would do"),
        ("microscopy_stack stack.npy t.npy --sigma 1 0 1", "sigma 0.0 is too small"),
        ("audio_filter_bank a.png --wav nowhere.wav", "No such file or directory"),
        ("audio_filter_bank a.png --wav plane.npy", "RIFF"),
        ("audio_filter_bank a.png --wav stereo.wav", "mono of 16 bits"),
        ("audio_filter_bank a.png --bands 0", "0 bands; at least 1 would do"),
        ("audio_filter_bank a.unknown", "unknown file extension: .unknown"),
        ("large_image nowhere/r.png --size 30 40", "No such file or directory"),
        ("large_image r.png --image nowhere.png", "No such file or directory"),
        ("volume v.png --volume plane.npy", "three axes of integers or floats"),
        ("volume v.png --volume words.npy", "three axes of integers or floats"),
        ("volume v.png --volume empty.npy", "EOF"),
        ("volume v.png --sigma nan", "sigma nan is too small"),
        ("volume v.png --block 65", "output would be empty"),
        ("digits --train 3", "--train 3; 50 to 1500 would do"),
    ],
)
def test_errors_are_one_line(tmp_path, monkeypatch, capsys, command, message):
    """In this process, for speed: what a script exits with is what Python prints."""
    name, *arguments = command.split()
    monkeypatch.chdir(files(tmp_path))
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert stopped.value.code.startswith(f"{name}: ")
    assert message in stopped.value.code
    assert "\n" not in stopped.value.code
    assert capsys.readouterr() == ("", "")


# ---------------------------------------------------------------------------- examples/README


def test_readme_shows_what_is_printed(tmp_path):
    """Commands run in turn as they are written; numbers may differ in their last digits."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\$ python examples/(\w+)\.py ?(.*)\n((?:[^$`].*\n)*)", text, re.M)
    assert {name for name, *_ in shown} == {path.stem for path in EXAMPLES.glob("*.py")}
    (tmp_path / "photos").mkdir()
    for number in range(int(re.search(r"of (\d+) files", text)[1])):
        image(tmp_path / "photos" / f"{number}.png", 40, 30)
    for name, arguments, output in shown:
        done = run(tmp_path, name, *arguments.split())
        assert done.returncode == 0, done.stderr
        number = r"\d+(?:\.\d+)?"
        # Times, and what else is installed, are the machine's.
        done.stdout = re.sub(r"OpenCV .*\n", "", done.stdout)
        done.stdout, output = (re.sub(r"\d+ ms", "ms", text) for text in (done.stdout, output))
        assert re.split(number, done.stdout) == re.split(number, output)
        np.testing.assert_allclose(
            [float(n) for n in re.findall(number, done.stdout)],
            [float(n) for n in re.findall(number, output)],
            rtol=0.1,
        )
