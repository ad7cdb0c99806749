"""Clean-up after killed test runs: processes end with them, and the process id in its name tells a leftover."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.patience import wait_for
from tests.ports import answers
from tests.stack.leftovers import is_left_over, remove_folders
from tests.stack.program import KILLED_WITH_PARENT, PROJECT
from tests.stack.services import require


@pytest.fixture(scope="module")
def dead_pid() -> int:
    """The id of a process that has exited."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize("name", ["conveyor_stack_{}_ab12", "conveyor-embedded-{}-x", "conveyor-test-{}-ab"])
def test_a_name_is_a_leftover_once_its_process_has_exited(dead_pid, name):
    assert is_left_over(name.format(dead_pid))
    assert not is_left_over(name.format(os.getpid()))


@pytest.mark.parametrize("name", ["postgres", "/", "conveyor", "conveyor_shop", "test_12_x", "my_conveyor_stack_1_x"])
def test_names_that_tests_never_use_are_kept(name):
    assert not is_left_over(name)


POOLER = """
import sys, time
from tests.stack.pgbouncer import pooled
with pooled(url=sys.argv[1], mode="session") as url:
    print(url, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(not KILLED_WITH_PARENT, reason="Linux kills a process with its parent")
def test_a_process_under_another_user_is_killed_with_the_run_too():
    require("PgBouncer")
    command = [sys.executable, "-c", POOLER, require("PostgreSQL")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            port = urlsplit(run.stdout.readline().strip()).port
            assert answers(port)
        finally:
            run.kill()
    wait_for(lambda: not answers(port), what="PgBouncer has ended")
    remove_folders.cache_clear()
    remove_folders()
    assert not list(Path(tempfile.gettempdir()).glob(f"conveyor-pgbouncer-{run.pid}-*"))
