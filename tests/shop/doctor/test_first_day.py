"""The first day in production, as docs/how-to/first-day.md has it: every command as written, the doctor beside it.

After each step the doctor no longer reports what that step was for, and until then it names the step's command.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from tests.patience import PATIENCE, wait_for
from tests.payments.gateways.stripe_server import StripeServer
from tests.ports import free_port
from tests.stack.database import PostgresqlDatabase
from tests.stack.program import PROJECT, Program
from tests.stack.rabbit import RabbitVhost

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(1800)]
PAGE = (PROJECT / "docs" / "how-to" / "first-day.md").read_text()
SETTINGS, MIGRATE, COLLECT, SETUP, PROCESSES, READY, DOCTOR, PRODUCTS, ORDER, CHECK = re.findall(
    r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
)
#: What each command fixes, as the doctor calls it.
FIXED_BY = {
    MIGRATE: {"migrations"},
    COLLECT: {"static-files"},
    SETUP: {"administrator", "groups", "queues"},
    PROCESSES: {"relay", "beat", "workers"},
}


class Deployment:
    """A shell in a checkout, with the settings that the page exports."""

    def __init__(self, folder: Path, **own: str) -> None:
        self.folder = folder
        kept = ("PATH", "HOME", "LANG", "TMPDIR")
        self.env = {name: os.environ[name] for name in kept if name in os.environ}
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env['PATH']}"
        self.env |= {"CONVEYOR_VAR": str(folder), "PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
        self.programs: list[Program] = []
        words = self.run(f"{SETTINGS}\nenv -0").split("\0")
        exported = dict(word.split("=", 1) for word in words if "=" in word)
        assert own.keys() - exported.keys() == {"STRIPE_API_BASE"}
        self.env |= exported | own

    def run(self, script: str, *, expect: int = 0) -> str:
        done = subprocess.run(
            ["sh", "-e", "-c", script], cwd=PROJECT, env=self.env, capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{script}\n{done.stdout}{done.stderr}\n{self.tails()}"
        return done.stdout

    def start(self, block: str) -> None:
        """Start each line of the block in the background, as its `&` says."""
        for number, line in enumerate(block.splitlines()):
            command, background, rest = line.rpartition(" &")
            assert background, line
            assert not rest, line
            log = self.folder / f"process-{number}.log"
            program = Program(command, ["sh", "-c", f"exec {command}"], env=self.env, log=log)
            self.programs.append(program)
            program.start(wait=False)

    def found(self) -> dict[str, str]:
        """The doctor's findings: commands by name."""
        answer = json.loads(self.run("python manage.py doctor --deploy --json || true"))
        assert answer["ok"] == (not answer["findings"])
        return {finding["name"]: finding["fix"] for finding in answer["findings"]}

    def tails(self) -> str:
        return "\n".join(f"== {program.name}\n{program.tail()}" for program in self.programs)

    def remove(self) -> None:
        for program in self.programs:
            program.kill()


@pytest.fixture
def deployment(tmp_path):
    if shutil.which("curl") is None:
        pytest.fail("curl is not installed; the page's commands use it", pytrace=False)
    database, broker = PostgresqlDatabase(), RabbitVhost()
    mail = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    with StripeServer() as stripe:
        stripe.vault.add_endpoint("https://shop.example/webhooks/stripe/", events=["*"])
        mail.start()
        database.create()
        broker.start()
        made = Deployment(
            tmp_path,
            DATABASE_URL=database.url,
            BROKER_URL=broker.url,
            PORT=str(free_port()),
            EMAIL_URL=f"smtp://127.0.0.1:{mail.port}",
            STRIPE_API_BASE=stripe.url,
        )
        try:
            yield made
        finally:
            made.remove()
            broker.remove()
            database.drop()
            mail.stop()


def test_the_first_day_as_written(deployment):
    found = deployment.found()
    assert found.keys() == {"migrations", "static-files", "queues"}
    for step in (MIGRATE, COLLECT, SETUP):
        assert_named(found, step)
        deployment.run(step)
        found = deployment.found()
        assert not found.keys() & FIXED_BY[step], found
    assert found.keys() == FIXED_BY[PROCESSES]
    assert_named(found, PROCESSES)
    deployment.start(PROCESSES)
    deployment.run(READY)
    wait_for(lambda: not deployment.found(), what="the doctor finds nothing")
    assert deployment.run(DOCTOR) == "Nothing found.\n"
    deployment.run(PRODUCTS)
    deployment.run(ORDER)
    deployment.run(CHECK)


def assert_named(found: dict[str, str], step: str) -> None:
    """Every finding that the step fixes is there, with its command; names, addresses and queues are the reader's."""
    assert FIXED_BY[step] <= found.keys(), found
    for name in FIXED_BY[step]:
        assert re.split(r" -Q | --admin ", found[name])[0] in step, (name, found[name])
