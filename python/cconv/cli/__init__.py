"""The command line: `cconv <command>` or `python -m cconv <command>`.

Each command is a module with its parser and its work, which alone needs more than NumPy.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cconv

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CommandError", "build_parser", "main"]


class CommandError(Exception):
    """What keeps a command from doing its work, in one line for its user."""


def _demo(arguments: argparse.Namespace) -> None:
    from cconv.cli import demo

    demo.run(arguments.image, arguments.output)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each names its function in `run`."""
    from cconv.cli import bench, filter, info, windows
    from cconv.cli.output import path_ending

    parser = argparse.ArgumentParser(
        prog="cconv",
        description="Convolution for NumPy arrays.",
        epilog="`cconv COMMAND --help` tells more, with examples; "
        "`python -m cconv` is the same program.",
    )
    parser.add_argument("--version", action="version", version=f"cconv {cconv.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)

    info.add_parser(commands)
    demo = commands.add_parser(
        "demo",
        help="filter a photograph in many ways and draw the results on one sheet",
        description="Filter a photograph: blur, edges, strides, pools, borders, a small network.  "
        "Prints a timing table and writes the results as one sheet of pictures.",
        epilog="examples:\n  cconv demo\n  cconv demo holiday.jpg -o holiday-filtered.png",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    demo.add_argument(
        "image", nargs="?", type=Path, help="any file Pillow reads; without it a sample photograph"
    )
    demo.add_argument(
        "-o",
        "--output",
        type=path_ending(".png"),
        default=Path("cconv-demo.png"),
        metavar="FILE",
        help="where the sheet goes, a PNG (default: %(default)s)",
    )
    demo.set_defaults(run=_demo)
    for module in (filter, windows, bench):
        module.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Returns
    -------
    int
        The exit status: 0, or 1 when the command could not do its work.  A call that makes no
        sense ends in argparse's SystemExit with status 2.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file name may hold anything
    parsed = build_parser().parse_args(arguments)
    try:
        parsed.run(parsed)
        sys.stdout.flush()
    except CommandError as error:
        return _failed(parsed.command, str(error))
    except ImportError as error:
        if (error.name or "").startswith("cconv"):
            raise
        return _failed(parsed.command, f'{error}; pip install "cconv[cli]" brings it')
    except MemoryError:
        return _failed(parsed.command, "not enough memory")
    except KeyboardInterrupt:
        return _failed(parsed.command, "interrupted", 130)
    except BrokenPipeError:
        # Whoever read the output is gone (`| head`): nothing is left to say, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _failed(command: str, reason: str, status: int = 1) -> int:
    print(f"cconv {command}: {' '.join(reason.split())}", file=sys.stderr)
    return status
