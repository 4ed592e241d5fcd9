"""Sphinx builds the site: `sphinx-build -W docs build/docs`."""

import sys
from pathlib import Path

import cconv

project = "cconv"
release = cconv.__version__
extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["pictures"]

html_theme = "furo"
html_title = "cconv"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False

smartquotes = False  # docstrings have strings of code in them
default_role = "py:obj"  # a single backtick of a docstring is a name
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings tell types, and shapes with them
numpydoc_show_class_members = False
pygments_style = "friendly"
myst_heading_anchors = 3


def setup(app):
    """Draw the pictures before the pages that show them are read."""
    docs = Path(__file__).parent
    sys.path[:0] = [str(docs), str(docs.parent / "tests")]
    from pictures import draw

    app.connect("builder-inited", lambda app: draw(docs))
