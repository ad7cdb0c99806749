"""Mutants: the code without each protection in turn. `make mutate` prints who finds each; none may survive.

`python -m tests.simulation.protections.mutants NAME` takes out those whose name contains NAME. Tests judge as many at
once as there are processors, each in a process with a database and a broker of its own; a simulation uses all of them.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from config.env import BASE_DIR
from tests.simulation.protections import PROTECTIONS
from tests.simulation.protections.mutation import VARIABLE
from tests.simulation.protections.protection import Protection
from tests.stack import services

#: Runs in which the simulation must find that a protection is missing.
SEEDS = 1000
#: A mutant that hangs is not found.
TIMEOUT_SECONDS = 3600
#: What every Python process of a test imports first.
_STARTUP = Path(__file__).with_name("startup")
#: A rule, or what the shop raises if it finds itself wrong.
_FINDING = r"(?:Broken|RuntimeError): ([^:.]*)"
_URLS = {"postgresql": ("DATABASE_URL", services.postgresql_url), "rabbitmq": ("BROKER_URL", services.rabbitmq_url)}


@dataclass(frozen=True)
class Verdict:
    """`how` says what found it, what went wrong instead, or which server is missing (`is_found` is None then)."""

    is_found: bool | None
    how: str
    seconds: float = 0.0

    @property
    def text(self) -> str:
        mark = {True: "found", False: "SURVIVES", None: "not run"}[self.is_found]
        return f"{mark:<9}{self.seconds:6.1f} s"


def chosen(*, only: str = "") -> list[Protection]:
    """Protections whose name contains `only`."""
    return [protection for protection in PROTECTIONS if only in protection.name]


def main(only: str = "") -> int:
    """Returns 1 if a protection survives, or if there is none."""
    protections, survivors, began = chosen(only=only), 0, time.perf_counter()
    for number, (protection, verdict) in enumerate(judge_all(protections), start=1):
        survivors += verdict.is_found is False
        sys.stdout.write(f"{number:3} of {len(protections)}  {verdict.text}  {protection.name:<72} {verdict.how}\n")
        sys.stdout.flush()
    took = time.perf_counter() - began
    sys.stdout.write(f"{len(protections)} protections taken out, {survivors} survived, {took:.0f} s\n")
    return 1 if survivors or not protections else 0


def judge_all(protections: Sequence[Protection]) -> Iterator[tuple[Protection, Verdict]]:
    """The verdicts as they come: those of tests first."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        by_test = {threads.submit(judge, protection): protection for protection in protections if protection.test}
        for done in as_completed(by_test):
            yield by_test[done], done.result()
    yield from ((protection, judge(protection)) for protection in protections if not protection.test)


def judge(protection: Protection, *, seeds: int = SEEDS) -> Verdict:
    """Who finds that the protection is missing, and after how many seconds."""
    began = time.perf_counter()
    verdict = _judge(protection, seeds)
    return replace(verdict, seconds=time.perf_counter() - began)


def _judge(protection: Protection, seeds: int) -> Verdict:
    environment = os.environ | {VARIABLE: protection.name}
    if server := protection.needs or ("postgresql" if protection.database == "postgresql" else ""):
        variable, url = _URLS[server]
        if (found := url()) is None:
            return Verdict(None, f"needs {server}")
        environment[variable] = found
    return _by_test(protection, environment) if protection.test else _by_simulation(protection, environment, seeds)


def _by_test(protection: Protection, environment: dict[str, str]) -> Verdict:
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    environment["PYTHONPATH"] = os.pathsep.join([str(BASE_DIR), str(_STARTUP)])
    output, code = _run(["-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", protection.test], environment)
    failed = re.search(r"^FAILED (\S+)/(\w+\.py::.+?)(?: - .*)?$", output, re.MULTILINE)
    if code == 1 and failed:
        return Verdict(True, failed[2])
    return Verdict(False, f"{protection.test}: {output.strip().splitlines()[-1:]}")


def _by_simulation(protection: Protection, environment: dict[str, str], seeds: int) -> Verdict:
    where = ["--database", protection.database, "--first", str(protection.seed)]
    command = ["-m", "tests.simulation", *where, "--seeds", str(seeds), "--stop"]
    output, code = _run(command, environment)
    broken = re.search(rf"^seed (\d+): {_FINDING}", output, re.MULTILINE)
    if code == 1 and broken:
        suffix = "" if protection.database == "sqlite" else f" on {protection.database}"
        return Verdict(True, f"seed {broken[1]}{suffix}: {broken[2]}")
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


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
