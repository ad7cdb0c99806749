"""Mutants: the code without each protection in turn. `make mutate` prints who finds each; none may survive."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass

from config.env import BASE_DIR
from tests.simulation.protections import PROTECTIONS
from tests.simulation.protections.mutation import VARIABLE
from tests.simulation.protections.protection import Protection
from tests.stack import services

#: Runs in which the simulation must find that a protection is missing.
SEEDS = 1000
#: A mutant that hangs is not found.
TIMEOUT_SECONDS = 3600
_URLS = {"postgresql": ("DATABASE_URL", services.postgresql_url), "rabbitmq": ("BROKER_URL", services.rabbitmq_url)}


@dataclass(frozen=True)
class Verdict:
    """`how` says what found it, what went wrong instead, or which server is missing (`is_found` is None then)."""

    is_found: bool | None
    how: str


def chosen(*, only: str = "") -> list[Protection]:
    """Protections whose name contains `only`."""
    return [protection for protection in PROTECTIONS if only in protection.name]


def judge(protection: Protection, *, seeds: int = SEEDS) -> Verdict:
    """Who finds that the protection is missing."""
    environment = os.environ | {VARIABLE: protection.name}
    if protection.needs:
        variable, url = _URLS[protection.needs]
        if (found := url()) is None:
            return Verdict(None, f"needs {protection.needs}")
        environment[variable] = found
    return _by_test(protection, environment) if protection.test else _by_simulation(protection, environment, seeds)


def _by_test(protection: Protection, environment: dict[str, str]) -> Verdict:
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [
        "-m",
        "pytest",
        "-q",
        "-n0",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.simulation.protections.mutation",
        protection.test,
    ]
    output, code = _run(command, environment)
    failed = re.findall(r"^FAILED (\S+)", output, re.MULTILINE)
    if code == 1 and failed:
        return Verdict(True, failed[0].rpartition("/")[2])
    return Verdict(False, f"{protection.test}: {output.strip().splitlines()[-1:]}")


def _by_simulation(protection: Protection, environment: dict[str, str], seeds: int) -> Verdict:
    command = ["-m", "tests.simulation", "--first", str(protection.seed), "--seeds", str(seeds), "--stop"]
    output, code = _run(command, environment)
    broken = re.search(r"^seed (\d+): Broken: ([^:]*)", output, re.MULTILINE)
    if code == 1 and broken:
        return Verdict(True, f"seed {broken[1]}: {broken[2]}")
    return Verdict(False, output.strip()[-300:])


def _run(arguments: list[str], environment: dict[str, str]) -> tuple[str, int]:
    command = [sys.executable, *arguments]
    try:
        done = subprocess.run(
            command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return "it hangs", -1
    return done.stdout + done.stderr, done.returncode
