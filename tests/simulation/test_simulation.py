"""The simulation in the test suite: fresh seeds, seeds that once failed, and the same steps each time."""

import os
import subprocess
import sys
import time

import pytest

from config.env import BASE_DIR

pytestmark = [pytest.mark.slow, pytest.mark.no_cover, pytest.mark.timeout(1800)]
#: Seeds that once failed.
FAILED = (0, 11, 56, 73)


def simulate(*arguments: object) -> str:
    command = [sys.executable, "-W", "ignore", "-m", "tests.simulation", *map(str, arguments)]
    done = subprocess.run(command, cwd=BASE_DIR, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    return done.stdout


def test_everything_comes_to_rest_whatever_fails_on_the_way():
    assert "60 seeds" in simulate("--first", int(time.time()), "--seeds", 60)


@pytest.mark.parametrize("seed", FAILED)
def test_what_once_failed_does_not_fail_again(seed: int):
    simulate("--first", seed, "--seeds", 1)


def test_a_seed_decides_every_step():
    simulate("--first", 7, "--seeds", 5, "--repeat", 3)
