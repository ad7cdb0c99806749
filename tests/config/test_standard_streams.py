"""What `manage.py` does where its output cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.stack.program import PROJECT

FULL = Path("/dev/full")
LISTS = (["topology"], ["topology", "--help"], ["--version"])
#: Text stays in a buffer until the command's end, or is written at once.
BUFFERS = ("", "1")

needs_full = pytest.mark.skipif(not FULL.exists(), reason="Linux only")


def run(*arguments, stdout, unbuffered, program=("manage.py",), **options):
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, *program, *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=env, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False,
        **options,
    )  # fmt: skip


@needs_full
@pytest.mark.parametrize("unbuffered", BUFFERS)
@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_a_full_disk_is_one_line_and_a_failure(arguments, unbuffered):
    with FULL.open("w") as full:
        done = run(*arguments, stdout=full, unbuffered=unbuffered)
    assert done.stderr == (
        "manage.py: cannot write the output: No space left on device. What was done by then is kept.\n"
    )
    assert done.returncode == 1


@pytest.mark.parametrize("unbuffered", BUFFERS)
@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_a_pipe_that_nobody_reads_ends_a_command_quietly(arguments, unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(*arguments, stdout=writer, unbuffered=unbuffered)
    finally:
        os.close(writer)
    assert (done.stderr, done.returncode) == ("", 1)


@needs_full
def test_the_list_of_processes_ends_as_commands_do():
    with FULL.open("w") as full:
        done = run("--list", stdout=full, unbuffered="", program=("-m", "config.processes"))
    assert done.stderr.startswith("processes.py: cannot write the output: No space left on device.")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_a_closed_output_is_none():
    done = run("topology", stdout=None, unbuffered="", preexec_fn=lambda: os.close(1))
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_closed_error_output_keeps_the_exit_code():
    done = run("dlq", "retry", stdout=subprocess.DEVNULL, unbuffered="", preexec_fn=lambda: os.close(2))
    assert done.returncode == 2


OTHER = """
from config.standard_streams import guarded
with guarded():
    {}
"""


@needs_full
def test_an_error_of_another_file_keeps_its_traceback():
    code = OTHER.format("open('/dev/full', 'w', buffering=1).write('line' + chr(10))")
    done = run("-c", code, stdout=subprocess.DEVNULL, unbuffered="", program=())
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("OSError: [Errno 28] No space left on device\n")


@needs_full
def test_an_exit_code_does_not_hide_that_the_output_is_lost():
    with FULL.open("w") as full:
        done = run("-c", OTHER.format("print('text'); raise SystemExit(3)"), stdout=full, unbuffered="", program=())
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
