"""Every benchmark of `make bench` explains itself: its top-level imports exist and its options are declared."""

import subprocess
import sys

import pytest

from tests.stack.program import PROJECT


@pytest.mark.parametrize(
    "script",
    sorted((PROJECT / "bench").glob("*.py")) + sorted((PROJECT / "bench/operations").glob("[!_]*.py")),
    ids=lambda path: path.stem,
)
def test_a_benchmark_explains_itself(script):
    done = subprocess.run([sys.executable, script, "--help"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")
