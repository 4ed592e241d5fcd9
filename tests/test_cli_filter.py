"""`filter`: files of every depth and mode against conv2d on their pixels."""

import contextlib
import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest

import cconv

pytest.importorskip("PIL")
from PIL import Image

from cconv.cli import CommandError, filter, kernels, main
from cconv.cli.pixels import Pixels, encode, read_pixels

RNG = np.random.default_rng(3)
SHAPES = {"L": (), "RGB": (3,), "LA": (2,), "RGBA": (4,)}


def smooth(*shape, dtype=np.uint8):
    """Pixels that are not all noise, over the whole range."""
    i, j = np.ogrid[: shape[0], : shape[1]]
    wave = np.sin(i / 5)[:, :, np.newaxis] + np.cos(j / 7)[:, :, np.newaxis] * np.arange(1, 5)
    wave = wave[:, :, : shape[2] if len(shape) > 2 else 1]
    noise = RNG.random(wave.shape)
    top = np.iinfo(dtype).max
    return np.clip((wave + noise + 1.5) / 5 * top, 0, top).astype(dtype)


def written(path, planes):
    """An image file of planes (H, W, 1 to 4)."""
    alpha = planes.shape[2] % 2 == 0
    pixels = Pixels(planes[:, :, :-1], planes[:, :, -1]) if alpha else Pixels(planes)
    path.write_bytes(encode(path, pixels))
    return path


def run(*arguments):
    assert main(["filter", *map(str, arguments)]) == 0


def expected(planes, kernel, bias=0.0, **options):
    """Colours by conv2d, channel by channel."""
    return np.stack(
        [
            cconv.conv2d(
                np.ascontiguousarray(planes[:, :, c]),
                kernel,
                np.array([bias], kernel.dtype),
                dtype=planes.dtype,
                **options,
            )
            for c in range(planes.shape[2])
        ],
        axis=-1,
    )


# --------------------------------------------------------------------------------- results


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_kind_of_png(tmp_path, dtype, channels):
    planes = smooth(20, 31, channels, dtype=dtype)
    source = written(tmp_path / "in.png", planes)
    run(source, "--kernel", "gaussian", "--size", 7, "-o", tmp_path / "out.png")
    result = read_pixels(tmp_path / "out.png")
    colours = planes[:, :, : channels - (channels % 2 == 0)]
    kernel = kernels.gaussian(7, 7 / 6)
    options = {"padding": "same", "padding_mode": "edge"}
    assert result.colours.dtype == dtype
    bias = np.zeros(1, kernel.dtype)
    together = cconv.conv2d(colours, kernel, bias, channels_last=True, dtype=dtype, **options)
    np.testing.assert_array_equal(result.colours, together)
    # One by one they may be another algorithm's, which rounds sums differently.
    exact = expected(colours.astype(np.float64), kernel.astype(np.float64), **options)
    error = np.finfo(kernel.dtype).eps * kernel.size * exact
    assert (np.abs(result.colours - exact) <= 0.5 + error).all()
    if channels % 2 == 0:
        np.testing.assert_array_equal(result.alpha, planes[:, :, -1])
    else:
        assert result.alpha is None


@pytest.mark.parametrize(
    ("name", "size", "kernel"),
    [
        ("sobel_x", None, kernels.SOBEL_X),
        ("sobel_y", None, kernels.SOBEL_Y),
        ("laplacian", None, kernels.LAPLACIAN),
        ("sharpen", None, kernels.SHARPEN),
        ("emboss", None, kernels.EMBOSS),
        ("gaussian", None, kernels.gaussian(5, 5 / 6)),
        ("gaussian", 9, kernels.gaussian(9, 1.5)),
        ("box", None, kernels.box(5)),
        ("box", 4, kernels.box(4)),
    ],
)
def test_every_kernel(tmp_path, name, size, kernel):
    planes = smooth(25, 18, 3)
    source = written(tmp_path / "in.png", planes)
    sized = () if size is None else ("--size", size)
    run(source, "--kernel", name, *sized, "--bias", 100, "-o", tmp_path / "out.png")
    wanted = expected(planes, kernel, 100, padding="same", padding_mode="edge")
    np.testing.assert_array_equal(read_pixels(tmp_path / "out.png").colours, wanted)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.int64, bool])
def test_kernels_of_a_file(tmp_path, dtype):
    kernel = RNG.integers(-2, 3, (2, 5)).astype(dtype)
    np.save(tmp_path / "kernel.npy", kernel)
    planes = smooth(16, 17, 1, dtype=np.uint16)
    source = written(tmp_path / "in.png", planes)
    run(source, "-k", tmp_path / "kernel.npy", "-o", tmp_path / "out.png")
    wanted = expected(planes, kernel.astype(np.float64), padding="same", padding_mode="edge")
    np.testing.assert_array_equal(read_pixels(tmp_path / "out.png").colours, wanted)


OPTIONS = [
    {},
    {"stride": (2, 3)},
    {"padding": "valid"},
    {"padding": "full", "padding_mode": "symmetric"},
    {"padding": "same_lower", "stride": (3, 3), "padding_mode": "reflect"},
    {"padding": 7, "padding_mode": "wrap"},
    {"padding": ((0, 9), (4, 1)), "padding_mode": "constant", "stride": (1, 2)},
    {"padding": (12, 0), "padding_mode": "reflect", "stride": (4, 1)},
]


def as_arguments(options):
    """Options as the command line writes them."""
    words = {
        name: ",".join(
            ":".join(map(str, side)) if isinstance(side, tuple) else str(side) for side in value
        )
        if isinstance(value, tuple)
        else str(value)
        for name, value in options.items()
    }
    return [f"--{name.replace('_', '-')}={word}" for name, word in words.items()]


@pytest.mark.parametrize("chunk", [1, 200, 2**21])
@pytest.mark.parametrize("options", OPTIONS)
def test_options_and_chunks(tmp_path, monkeypatch, options, chunk):
    """However many chunks: the whole, bit for bit; alpha from under the middles of windows."""
    monkeypatch.setattr(filter, "_CHUNK_PIXELS", chunk)
    planes = smooth(33, 26, 4)
    source = written(tmp_path / "in.png", planes)
    run(source, "-k", "sharpen", *as_arguments(options), "-o", tmp_path / "out.png")
    result = read_pixels(tmp_path / "out.png")
    given = {"padding": "same", "padding_mode": "edge", **options}
    wanted = expected(planes[:, :, :3], kernels.SHARPEN, **given)
    np.testing.assert_array_equal(result.colours, wanted)
    pick = np.zeros((3, 3), np.float32)
    pick[1, 1] = 1
    nearest = cconv.conv2d(
        planes[:, :, 3].copy(), pick, dtype=np.uint8, **given | {"padding_mode": "edge"}
    )
    np.testing.assert_array_equal(result.alpha, nearest)


def test_results_are_cut_to_the_range(tmp_path):
    planes = np.zeros((8, 8, 1), np.uint8)
    planes[:, 4:] = 255
    source = written(tmp_path / "in.png", planes)
    run(source, "-k", "sobel_x", "-o", tmp_path / "out.png")
    result = read_pixels(tmp_path / "out.png").colours[:, :, 0]
    assert set(result[:, 3:5].ravel()) == {255}
    assert result[:, [0, 1, 2, 5, 6, 7]].max() == 0
    run(written(source, 255 - planes), "-k", "sobel_x", "--bias", 128, "-o", tmp_path / "out.png")
    result = read_pixels(tmp_path / "out.png").colours[:, :, 0]
    assert result[:, 3:5].max() == 0
    assert set(result[:, [0, 1, 2, 5, 6, 7]].ravel()) == {128}


# ----------------------------------------------------------------------------------- files


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "YCbCr", "LAB"])
def test_modes_become_grey_or_rgb(tmp_path, mode):
    rgb = Image.fromarray(smooth(12, 9, 3))
    image = Image.merge("LAB", rgb.split()) if mode == "LAB" else rgb.convert(mode)
    image.save(tmp_path / "in.tif")
    wanted = np.atleast_3d(np.asarray(image.convert("L" if mode == "1" else "RGB")))
    np.testing.assert_array_equal(read_pixels(tmp_path / "in.tif").together, wanted)


def test_a_transparent_colour_is_alpha(tmp_path):
    grey = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    grey.save(tmp_path / "grey.png", transparency=9)
    pixels = read_pixels(tmp_path / "grey.png")
    assert pixels.colours.shape == (8, 8, 1)
    assert (pixels.alpha == 0).sum() == 1
    assert pixels.alpha[1, 1] == 0
    grey.convert("P").save(tmp_path / "palette.png", transparency=9)
    assert (read_pixels(tmp_path / "palette.png").alpha == 0).sum() == 1


@pytest.mark.parametrize("deep", [False, True])
def test_an_image_is_put_upright(tmp_path, deep):
    planes = smooth(7, 11, 3, dtype=np.uint16 if deep else np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    path = written(tmp_path / "in.png", planes)
    if deep:
        data, tag = path.read_bytes(), exif.tobytes().removeprefix(b"Exif\x00\x00")
        path.write_bytes(data[:33] + chunk(b"eXIf", tag) + data[33:])
    else:
        with Image.open(path) as image:
            image.save(path, exif=exif)
    np.testing.assert_array_equal(read_pixels(path).colours, np.rot90(planes, -1))


def chunk(name, data):
    length, checksum = struct.pack(">I", len(data)), zlib.crc32(name + data)
    return length + name + data + struct.pack(">I", checksum)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_deep_colours_are_as_others_write_and_read_them(tmp_path, channels):
    cv2 = pytest.importorskip("cv2")
    planes = smooth(15, 23, channels, dtype=np.uint16)
    path = written(tmp_path / "ours.png", planes)
    theirs = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if channels == 2:  # read as colours
        np.testing.assert_array_equal(theirs[:, :, [0, 3]], planes)
        return
    order = [2, 1, 0, 3][:channels]
    np.testing.assert_array_equal(theirs[:, :, order], planes)
    assert cv2.imwrite(str(tmp_path / "theirs.png"), theirs)
    np.testing.assert_array_equal(read_pixels(tmp_path / "theirs.png").together, planes)


def test_deep_grey_goes_through_other_files(tmp_path):
    planes = smooth(9, 10, 1, dtype=np.uint16)
    path = written(tmp_path / "in.tif", planes)
    np.testing.assert_array_equal(read_pixels(path).colours, planes)
    (tmp_path / "in.pgm").write_bytes(b"P5 10 9 65535\n" + planes.astype(">u2").tobytes())
    np.testing.assert_array_equal(read_pixels(tmp_path / "in.pgm").colours, planes)


def test_other_kinds_of_file(tmp_path):
    planes = smooth(32, 32, 3)
    source = written(tmp_path / "in.bmp", planes)
    run(source, "-k", "box", "-o", tmp_path / "out.JPG")
    with Image.open(tmp_path / "out.JPG") as image:
        assert image.format == "JPEG"
        far = np.asarray(image).astype(int) - expected(
            planes, kernels.box(5), padding="same", padding_mode="edge"
        )
    assert abs(far).mean() < 8


# --------------------------------------------------------------------------- what is told


def test_the_rate_is_told(tmp_path, capsys):
    source = written(tmp_path / "in.png", smooth(40, 60, 4))
    run(source, "-k", "box", "--size", 3, "--stride", 2, "-o", tmp_path / "out.png")
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "in.png: 60 x 40 pixels, RGB and alpha, 8 bits"
    assert second.startswith("box, 3 x 3: 30 x 20 pixels, ")
    assert second.endswith(" megapixels/s")
    assert third == f"wrote {(tmp_path / 'out.png').resolve()}"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of POSIX")
def test_a_bar_where_somebody_watches(tmp_path):
    import fcntl
    import pty
    import termios

    source = written(tmp_path / "in.png", smooth(60, 60, 1))
    code = (
        "import sys; from cconv.cli import filter, main; filter._CHUNK_PIXELS = 300\n"
        f"sys.exit(main(['filter', {str(source)!r}, '-k', 'box', '-o', '{tmp_path}/out.png']))"
    )
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=there, text=True
    ) as process:
        os.close(there)
        shown = io.BytesIO()
        while True:
            part = b""
            with contextlib.suppress(OSError):  # what Linux says at the end
                part = os.read(here, 4096)
            if not part:
                break
            shown.write(part)
        assert "megapixels/s" in process.stdout.read()
    os.close(here)
    assert process.returncode == 0
    assert "%|" in shown.getvalue().decode()
    assert "/3.60k [" in shown.getvalue().decode()


# ---------------------------------------------------------------------------------- errors


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "grey.png", smooth(9, 8, 1))
    written(tmp_path / "rgba.png", smooth(9, 8, 4))
    written(tmp_path / "deep.png", smooth(9, 8, 3, dtype=np.uint16))
    Image.fromarray(np.full((4, 4), 0.5, np.float32)).save("float.tif")
    Image.fromarray(np.full((4, 4), 70000, np.int32)).save("wide.tif")
    (tmp_path / "notes.png").write_text("notes")
    (tmp_path / "folder").mkdir()
    np.save("cube.npy", np.ones((2, 2, 2)))
    np.save("empty.npy", np.ones((0, 2)))
    np.save("nan.npy", np.full((3, 3), np.nan))
    np.save("complex.npy", np.ones((3, 3), complex))
    np.save("objects.npy", np.array([[None]]), allow_pickle=True)
    (tmp_path / "short.npy").write_bytes(b"\x93NUMPY")
    (tmp_path / "nothing.npy").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("gone.png -k box -o out.png", "gone.png: No such file"),
        ("folder -k box -o out.png", "folder: Is a directory"),
        ("notes.png -k box -o out.png", "notes.png: not an image"),
        ("float.tif -k box -o out.png", "pixels are floats; integers of 8 or 16 bits would do"),
        ("wide.tif -k box -o out.png", "pixels of 32 bits; 8 or 16 would do"),
        ("grey.png -k box -o grey.png", "cannot write grey.png: it would replace grey.png"),
        ("grey.png -k box -o folder", "cannot write folder: it is a folder"),
        ("grey.png -k box -o no/out.png", "cannot write no/out.png: there is no folder no"),
        ("grey.png -k box -o out.xyz", "cannot write out.xyz: .xyz is no image; .png would do"),
        ("grey.png -k box -o out", "cannot write out: no ending is no image; .png would do"),
        ("rgba.png -k box -o out.jpg", "cannot write out.jpg: cannot write mode RGBA as JPEG"),
        ("deep.png -k box -o out.tif", "cannot write out.tif: 16-bit colours or alpha"),
        ("grey.png -k gaussian --size 4 -o out.png", "--size 4 is even, without a middle; 5"),
        ("grey.png -k sobel_x --size 5 -o out.png", "--size is for gaussian and box; sobel_x"),
        ("grey.png -k box --size 9 --padding valid -o out.png", "conv2d: output would be empty"),
        ("grey.png -k gone.npy -o out.png", "gone.npy: No such file"),
        ("grey.png -k folder.npy -o out.png", "folder.npy: No such file"),
        ("grey.png -k cube.npy -o out.png", "cube.npy: shape (2, 2, 2); two axes"),
        ("grey.png -k empty.npy -o out.png", "empty.npy: shape (0, 2); two axes"),
        ("grey.png -k nan.npy -o out.png", "nan.npy: float64 values; finite real numbers"),
        ("grey.png -k complex.npy -o out.png", "complex.npy: complex128 values; finite real"),
        ("grey.png -k objects.npy -o out.png", "objects.npy: not an array that numpy.save"),
        ("grey.png -k short.npy -o out.png", "short.npy: not an array that numpy.save"),
        ("grey.png -k nothing.npy -o out.png", "nothing.npy: not an array that numpy.save"),
    ],
)
def test_errors(folder, capsys, arguments, reason):
    before = sorted(folder.iterdir())
    assert main(["filter", *arguments.split()]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"cconv filter: {reason}")
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("grey.png -o out.png", "the following arguments are required: -k/--kernel"),
        ("grey.png -k box", "the following arguments are required: -o/--output"),
        ("grey.png -k prewitt -o out.png", "'prewitt' is no kernel; sobel_x, sobel_y"),
        ("grey.png -k box --size 0 -o out.png", "'0' is no number from 1 on"),
        ("grey.png -k box --size x -o out.png", "'x' is no number from 1 on"),
        ("grey.png -k box --stride 1,2,3 -o out.png", "'1,2,3' has 3 numbers; one or two would do"),
        ("grey.png -k box --padding some -o out.png", "'some' is no padding; valid, same"),
        ("grey.png -k box --padding=-1 -o out.png", "'-1' is no padding"),
        ("grey.png -k box --padding-mode mirror -o out.png", "invalid choice: 'mirror'"),
        ("grey.png -k box --bias lots -o out.png", "invalid float value: 'lots'"),
    ],
)
def test_calls_that_make_no_sense(folder, capsys, arguments, reason):
    with pytest.raises(SystemExit) as ended:
        main(["filter", *arguments.split()])
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err


def test_colours_that_pillow_would_halve(tmp_path):
    tifffile = tmp_path / "deep.ppm"
    tifffile.write_bytes(b"P6 2 1 65535\n" + bytes(range(12)))
    with pytest.raises(CommandError, match="colours of 16 bits are read from PNG files only"):
        read_pixels(tifffile)
