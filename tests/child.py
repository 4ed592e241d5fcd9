"""Python in a process of its own, where settings and signals disturb nobody."""

import os
import subprocess
import sys

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("CCONV_NUM_THREADS", "CCONV_KEEP_MB", "OMP_NUM_THREADS")
}


def start(code, *, environment=None, **options):
    """Start code with the environment of the tests, less their settings of threads and memory.

    A variable that is None is not there.
    """
    variables = ENVIRONMENT | (environment or {})
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        env={name: value for name, value in variables.items() if value is not None},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def with_tests(**environment):
    """An environment in which the modules of the tests can be imported."""
    path = [os.path.dirname(__file__), *filter(None, [os.environ.get("PYTHONPATH")])]
    return environment | {"PYTHONPATH": os.pathsep.join(path)}


def run(code, *, timeout=60, **environment):
    """What code prints, once it has ended well."""
    status, output, errors = outcome(code, timeout=timeout, **environment)
    assert status == 0, errors
    return output.strip()


def outcome(code, *, timeout=60, **environment):
    """Exit status, output and errors of code."""
    return end(start(code, environment=environment), timeout)


def end(process, timeout=60):
    """Exit status, output and errors of a process; none is left behind that takes too long."""
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, output, errors
