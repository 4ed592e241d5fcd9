"""The Python blocks of a Markdown page: they run from top to bottom as one session."""

import doctest
import re
from pathlib import Path
from typing import Any


def fences(text: str, language: str) -> list[tuple[int, str]]:
    """Return (line number, text) of each fenced block of a language."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text[: m.start(1)].count("\n"), m[1]) for m in found]


def run(page: Path) -> dict[str, Any]:
    """Run the blocks of a page, which print what they say, and return the names they define.

    Raises
    ------
    AssertionError
        With doctest's report, where one prints something else.
    """
    session: dict[str, Any] = {}
    for line, text in fences(page.read_text(encoding="utf-8"), "python"):
        if ">>>" not in text:
            exec(compile("\n" * line + text, str(page), "exec"), session)
            continue
        test = doctest.DocTestParser().get_doctest(text, session, page.stem, str(page), line)
        report: list[str] = []
        runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
        runner.run(test, out=report.append, clear_globs=False)
        assert runner.failures == 0, "".join(report)
        session = test.globs
    return session
