"""The command line as a whole: help, `info`, what is installed and what is not."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from child import outcome

import cconv
from cconv.cli import build_parser, main

COMMANDS = ["info", "demo", "filter", "windows", "bench"]


def test_it_runs_as_a_module(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "cconv", "info"],
        cwd=tmp_path,
        env={**os.environ, "SKBUILD_EDITABLE_VERBOSE": "0"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"version: {cconv.__version__}\n")


def test_info_tells_what_show_config_tells(capsys):
    assert main(["info"]) == 0
    told = capsys.readouterr().out
    cconv.show_config()
    assert told == capsys.readouterr().out


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(re.search(rf"^ +{name} ", text, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("name", ["demo", "filter", "windows", "bench"])
def test_examples_of_the_help_are_calls(name, capsys):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    examples = re.findall(rf"^  cconv ({name}.*)$", capsys.readouterr().out, re.MULTILINE)
    assert len(examples) >= 2
    for example in examples:
        parsed = build_parser().parse_args(example.replace("'", "").split())
        assert parsed.command == name


@pytest.mark.parametrize(
    ("missing", "call", "works"),
    [
        ("PIL", ["filter", "x.png", "-k", "box", "-o", "y.png"], False),
        ("tqdm", ["filter", "tiny.png", "-k", "box", "-o", "y.png"], False),
        ("tqdm", ["bench", "--filter", "small/k1"], False),
        ("matplotlib", ["windows", "5", "3", "-o", "y.png"], False),
        ("matplotlib", ["windows", "5", "3"], True),
        ("matplotlib", ["bench", "--filter", "small/edge", "--peers", "none"], True),
        ("PIL", ["info"], True),
    ],
)
def test_extras_are_asked_for_where_they_are_needed(tmp_path, missing, call, works):
    from PIL import Image

    Image.new("L", (8, 8)).save(tmp_path / "tiny.png")
    code = (
        f"import os, sys; os.chdir({str(tmp_path)!r}); sys.modules[{missing!r}] = None\n"
        f"from cconv.cli import main; sys.exit(main({call!r}))"
    )
    status, _, errors = outcome(code)
    assert not (tmp_path / "y.png").exists()
    if works:
        assert (status, errors) == (0, "")
        return
    assert status == 1
    (line,) = errors.splitlines()
    assert line.startswith(f"cconv {call[0]}: ")
    assert missing in line
    assert line.endswith('pip install "cconv[cli]" brings it')


def test_the_script_is_this_program():
    project = tomllib.loads(
        (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    )["project"]
    module, _, name = project["scripts"]["cconv"].partition(":")
    assert vars(sys.modules[module])[name] is main
    extras = {re.split("[<>=]", entry)[0] for entry in project["optional-dependencies"]["cli"]}
    assert extras == {"pillow", "matplotlib", "tqdm"}
