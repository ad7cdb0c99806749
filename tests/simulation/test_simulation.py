"""The simulation in the test suite: fresh seeds, seeds that once failed, and the same steps each time.

A seed in `failed_seeds.txt` stands for a run that once failed in the scenarios of its day. It proves that the seed
passes now. The fix itself is proved by the test that came with it: in other scenarios, the seed is another run.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.env import BASE_DIR
from tests.stack.services import require

pytestmark = [pytest.mark.slow, pytest.mark.no_cover, pytest.mark.timeout(1800)]
#: Fresh seeds of each test, which run beside each other.
SEEDS, TESTS = 250, 4
#: Seeds that once failed; `make simulate` names them, and whoever fixes the code adds them here.
FAILED = [int(line) for line in (Path(__file__).parent / "failed_seeds.txt").read_text().splitlines() if line.isdigit()]


def simulate(*arguments: object, fails: bool = False) -> str:
    command = [sys.executable, "-m", "tests.simulation", "--processes", "1", *map(str, arguments)]
    done = subprocess.run(command, cwd=BASE_DIR, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == (1 if fails else 0), done.stdout + done.stderr[-4000:]
    return done.stdout


@pytest.mark.parametrize("number", range(TESTS))
def test_everything_comes_to_rest_whatever_fails_on_the_way(number: int):
    first = int(time.time()) + number * 1_000_000
    assert f"{SEEDS} seeds from {first}, 0 failed" in simulate("--first", first, "--seeds", SEEDS)


def test_everything_comes_to_rest_though_transactions_interleave():
    require("PostgreSQL")
    first = int(time.time())
    assert f"15 seeds from {first}, 0 failed" in simulate("--database", "postgresql", "--first", first, "--seeds", 15)


def test_what_once_failed_does_not_fail_again():
    assert FAILED
    assert f"{len(FAILED)} seeds from {FAILED[0]}, 0 failed" in simulate("--only", *FAILED)


def test_a_seed_decides_every_step_whatever_ran_before_it():
    alone = re.search(r"steps (\w{64})", simulate("--seed", 7))
    assert alone, "a run prints the hash of its steps"
    assert "1 seeds from 7, 0 failed" in simulate("--seed", 7, "--repeat", 5)
    assert f"seed 7: {alone[1]}" in simulate("--first", 5, "--seeds", 3, "--hashes")
