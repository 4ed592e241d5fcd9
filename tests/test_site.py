"""The pages of docs/: their Python blocks run, and they list every public name."""

import re
from pathlib import Path

import pytest
from pages import fences, run

import cconv

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
SHOWN = [page for page in PAGES if fences(page.read_text(encoding="utf-8"), "python")]


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.stem)
def test_python_blocks(page):
    run(page)


def test_pages_with_blocks_are_found():
    assert {"tutorial", "contract", "accuracy", "performance"} <= {page.stem for page in SHOWN}


def test_every_public_name_is_listed_once():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    listed = re.findall(r"^\.\. auto(?:function|class|module):: (?:cconv\.)?(\w+)$", text, re.M)
    public = {name for name in cconv.__all__ if not name.startswith("__")} | {"Explanation"}
    assert sorted(name for name in listed if name in public) == sorted(public)
