"""`python -m cconv demo`: any picture in, a table and a sheet out, or one line for an error."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")
from cconv.cli import kernels, main  # noqa: E402
from cconv.cli.images import read_image, reduced  # noqa: E402

RNG = np.random.default_rng(10)


def run(folder, *arguments, python=("-m", "cconv", "demo")):
    return subprocess.run(
        [sys.executable, *python, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "SKBUILD_EDITABLE_VERBOSE": "0"},  # a rebuild writes to stderr
        capture_output=True,
        text=True,
        timeout=300,
    )


def picture(path, width=64, height=48, mode="RGB"):
    ramp = np.add.outer(np.arange(height), np.arange(width)) * 255 // (height + width)
    Image.fromarray(ramp.astype(np.uint8)).convert(mode).save(path)
    return path


def assert_sheet(path):
    with Image.open(path) as sheet:
        sheet.load()
        assert sheet.format == "PNG"
        assert sheet.width > 1500
        assert 800 < sheet.height < 5000
        pixels = np.asarray(sheet.convert("RGB"))
    assert pixels.std() > 20
    # No text or picture reaches the rim.
    rim = np.concatenate([pixels[:8].ravel(), pixels[-8:].ravel()])
    sides = np.concatenate([pixels[:, :40].ravel(), pixels[:, -40:].ravel()])
    assert rim.min() == sides.min() == 255


# --------------------------------------------------------------------------- the command


def test_the_sample_photograph(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cconv-demo.png"]
    assert_sheet(tmp_path / "cconv-demo.png")

    lines = done.stdout.splitlines()
    assert lines[0].startswith("grace_hopper.jpg: ")
    assert lines[2].split() == ["step", "kernel", "output", "shape", "ms", "Mpixel/s"]
    table = {line[:26].strip(): line[26:].split() for line in lines[3:-3]}
    assert table["Sobel x"][:2] == ["3x3", "600x512"]
    assert table["edges in 8 directions"][:2] == ["8x3x7x7", "8x120x102"]
    assert table["max pool 8"][:2] == ["8x8", "12x10"]
    assert table["pad wrap"][:2] == ["-", "3x51x43"]
    assert table["max pool of pairs"][:2] == ["2x2", "16x30x25"]
    assert all(float(ms) > 0 and float(rate) > 0 for *_, ms, rate in table.values())
    assert lines[-2].startswith(f"{len(table)} steps")
    assert lines[-1] == f"wrote {(tmp_path / 'cconv-demo.png').resolve()}"


@pytest.mark.parametrize(
    ("width", "height", "mode"),
    [(16, 16, "RGB"), (48, 200, "L"), (300, 40, "RGBA"), (17, 1000, "RGB"), (900, 16, "L")],
)
def test_any_size_and_mode(tmp_path, capsys, width, height, mode):
    image = picture(tmp_path / "image.png", width, height, mode)
    assert main(["demo", str(image), "-o", str(tmp_path / "sheet.png")]) == 0
    assert capsys.readouterr().out.startswith(f"image.png: {width} x {height} pixels")
    assert_sheet(tmp_path / "sheet.png")


def test_an_image_of_its_user(tmp_path):
    image = picture(tmp_path / "na$me.png", mode="RGBA")
    (tmp_path / "out").mkdir()
    done = run(tmp_path, image.name, "-o", "out/sheet.PNG")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("na$me.png: 64 x 48 pixels")
    assert_sheet(tmp_path / "out/sheet.PNG")
    assert not (tmp_path / "cconv-demo.png").exists()


@pytest.mark.parametrize("missing", ["PIL", "matplotlib"])
def test_a_missing_extra(tmp_path, missing):
    code = (
        f"import sys, runpy; sys.modules['{missing}'] = None; sys.argv = ['cconv', 'demo'];"
        "runpy.run_module('cconv', run_name='__main__')"
    )
    done = run(tmp_path, python=("-c", code))
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("cconv demo: ")
    assert missing in line
    assert 'pip install "cconv[cli]"' in line
    assert not any(tmp_path.iterdir())


def test_output_that_nobody_reads(tmp_path):
    image = picture(tmp_path / "image.png")
    with subprocess.Popen(
        [sys.executable, "-m", "cconv", "demo", image],
        cwd=tmp_path,
        env={**os.environ, "SKBUILD_EDITABLE_VERBOSE": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


# --------------------------------------------------------------------------------- errors


def broken(path):
    good = picture(path, 300, 200).read_bytes()
    path.write_bytes(good[: len(good) // 2])


ERRORS = {
    "missing file": ("gone.png", None, "gone.png: No such file"),
    "folder": ("folder.png", lambda path: path.mkdir(), "folder.png: "),
    "no image": (
        "notes.png",
        lambda path: path.write_text("notes"),
        "notes.png: not an image that Pillow can read",
    ),
    "empty file": ("empty.jpg", lambda path: path.touch(), "empty.jpg: not an image"),
    "truncated PNG": ("half.png", broken, "half.png: "),
    "truncated JPEG": ("half.jpg", broken, "half.jpg: image file is truncated"),
    "truncated TIFF": ("half.tif", broken, "half.tif: "),
    "too small": (
        "small.png",
        lambda path: picture(path, 15, 40),
        "small.png: 15 x 40 pixels; at least 16 x 16 would do",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_image_that_is_none(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    image, make, message = ERRORS[name]
    if make:
        make(Path(image))
    before = sorted(tmp_path.iterdir())
    assert main(["demo", image]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"cconv demo: {message}")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("no/sheet.png", "cannot write no/sheet.png: there is no folder no"),
        ("folder.png", "cannot write folder.png: it is a folder"),
        ("image.png", "cannot write image.png: it would replace image.png"),
        ("image.png/sheet.png", "cannot write image.png/sheet.png: "),
        ("x" * 300 + ".png", "cannot write xxx"),
    ],
)
def test_a_sheet_that_cannot_be_written(tmp_path, monkeypatch, capsys, output, message):
    monkeypatch.chdir(tmp_path)
    image = picture(Path("image.png"))
    content = image.read_bytes()
    Path("folder.png").mkdir()
    assert main(["demo", str(image), "-o", output]) == 1
    out, err = capsys.readouterr()
    assert out == ""  # judged before any work
    assert err.startswith(f"cconv demo: {message}")
    assert err.count("\n") == 1
    assert image.read_bytes() == content


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("sheet.png").symlink_to("/dev/full")
    assert main(["demo", str(picture(Path("image.png"))), "-o", "sheet.png"]) == 1
    assert capsys.readouterr().err == (
        "cconv demo: cannot write sheet.png: No space left on device\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required"),
        (["demo", "a.png", "b.png"], "unrecognized arguments: b.png"),
        (["demo", "-o", "sheet.jpg"], "'sheet.jpg' does not end in .png"),
    ],
)
def test_calls_that_make_no_sense(capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


# --------------------------------------------------------------------------------- images


def test_every_kind_of_image(tmp_path):
    grey = (np.arange(40 * 50).reshape(40, 50) % 256).astype(np.uint8)
    colour = np.stack([grey, 255 - grey, grey // 2], axis=-1)
    alpha = np.full((40, 50, 1), 255, np.uint8)
    alpha[0] = 0
    transparent = np.concatenate([colour, alpha], axis=-1)
    palette = Image.fromarray(grey // 16).convert("P")
    palette.putpalette([level for i in range(16) for level in (i, 2 * i, 15 * i)] + [0] * 720)

    def read(name, image, most_pixels=10**6):
        image.save(tmp_path / name)
        array, factor = read_image(tmp_path / name, most_pixels)
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        return array, factor

    unit = grey / np.float32(255)
    planes = np.moveaxis(colour, -1, 0) / np.float32(255)
    np.testing.assert_array_equal(read("grey.png", Image.fromarray(grey))[0], unit[None])
    np.testing.assert_array_equal(read("rgb.png", Image.fromarray(colour))[0], planes)
    on_white = planes.copy()
    on_white[:, 0] = 1
    np.testing.assert_array_equal(read("rgba.png", Image.fromarray(transparent))[0], on_white)
    steps = grey[None] // 16 * np.array([1, 2, 15], np.float32)[:, None, None] / 255
    np.testing.assert_allclose(read("palette.png", palette)[0], steps, rtol=1e-6)
    bits = read("bits.png", Image.fromarray(grey > 99))[0]
    np.testing.assert_array_equal(bits, (grey > 99)[None].astype(np.float32))

    deep = grey.astype(np.uint16) * 100
    for name in ("16.png", "16.tif"):
        np.testing.assert_allclose(read(name, Image.fromarray(deep))[0], unit[None], rtol=1e-6)
    real = grey.astype(np.float32)
    real[3, 4], real[5, 6] = np.nan, np.inf
    expected = unit[None].copy()
    expected[0, 3, 4] = expected[0, 5, 6] = 0
    np.testing.assert_allclose(read("real.tif", Image.fromarray(real))[0], expected, rtol=1e-6)
    assert not read("black.png", Image.fromarray(deep * 0))[0].any()

    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter to the right
    Image.fromarray(grey).save(tmp_path / "turned.png", exif=turned)
    right = np.rot90(unit, -1)[None]
    np.testing.assert_array_equal(read_image(tmp_path / "turned.png", 10**6)[0], right)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(("most", "factor"), [(1200, 1), (1199, 2), (300, 2), (299, 3), (13, 10)])
def test_huge_images_are_reduced(tmp_path, most, factor, deep):
    pixels = RNG.integers(0, 256, (30, 40), dtype=np.uint8)
    pixels[0, 0] = 255
    image = Image.fromarray(pixels.astype(np.uint16) if deep else pixels)
    image.save(tmp_path / "image.png")
    array, got = read_image(tmp_path / "image.png", most)
    assert got == factor
    H, W = 30 // factor, 40 // factor
    assert most >= H * W
    blocks = pixels[: H * factor, : W * factor].reshape(H, factor, W, factor).mean((1, 3)) / 255
    np.testing.assert_allclose(array[0, :H, :W], blocks, atol=0 if factor == 1 else 0.6 / 255)


def test_reduced_averages_blocks():
    image = RNG.random((3, 20, 31), dtype=np.float32)
    blocks = image[:, :20, :28].reshape(3, 5, 4, 7, 4).mean((2, 4))
    np.testing.assert_allclose(reduced(image, 4), blocks, rtol=1e-5)
    assert reduced(image, 1) is image


# -------------------------------------------------------------------------------- kernels


def test_blurs_are_means():
    for kernel in (kernels.box(9), kernels.gaussian(13, 2.0)):
        assert kernel.dtype == np.float32
        assert kernel.min() >= 0
        assert kernel.sum() == pytest.approx(1, rel=1e-5)


def test_edges_point_where_it_gets_brighter():
    y, x = np.mgrid[-3:4, -3:4]
    slopes = kernels.edges(7, 1.5)
    np.testing.assert_allclose(slopes.sum((1, 2)), 0, atol=1e-6)
    directions = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]
    for i, (right, down) in enumerate(directions):
        brighter = (right * x + down * y > 0).astype(np.float32)
        response = (slopes * brighter).sum((1, 2))
        assert response.argmax() == i
        assert response[i] == pytest.approx(1, rel=1e-5)
