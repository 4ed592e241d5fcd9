"""Files out: judged before any work, written in one go after it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cconv.cli import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_output", "path_ending", "write_output"]


def path_ending(*suffixes: str) -> Callable[[str], Path]:
    """Return argparse's type of a path with one of these endings."""

    def path(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(suffixes)}")
        return Path(text)

    return path


def check_output(output: Path, *sources: Path) -> None:
    """Refuse before any work what could not be written after it.

    Raises
    ------
    CommandError
        `output` cannot be written, or is one of the files that are read.
    """
    try:
        if output.is_dir():
            raise _unwritable(output, "it is a folder")
        if not output.parent.is_dir():
            raise _unwritable(output, f"there is no folder {output.parent}")
        for source in sources:
            if output.exists() and source.exists() and output.samefile(source):
                raise _unwritable(output, f"it would replace {source}")
        if not os.access(output if output.exists() else output.parent, os.W_OK):
            raise _unwritable(output, "permission denied")
    except OSError as error:
        raise _unwritable(output, error.strerror) from None


def write_output(output: Path, content: bytes | memoryview) -> None:
    """Write a whole file and say where it is."""
    try:
        output.write_bytes(content)
    except OSError as error:
        raise _unwritable(output, error.strerror) from None
    print(f"wrote {output.resolve()}")


def _unwritable(output: Path, reason: str | None) -> CommandError:
    return CommandError(f"cannot write {output}: {reason}")
