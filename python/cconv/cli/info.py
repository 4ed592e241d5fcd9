"""`info`: how this cconv was built and what it uses here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cconv

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]


def add_parser(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
    parser = commands.add_parser(
        "info",
        help="print how cconv was built and what it uses here",
        description="Print version, compiler, instruction sets built and in use, and threads: "
        "what cconv.show_config() prints.",
    )
    parser.set_defaults(run=_run)


def _run(_: argparse.Namespace) -> None:
    cconv.show_config()
