"""Clean-up after killed test runs: leftovers are recognised by the process id in their name."""

import os
import subprocess

import pytest

from tests.stack.leftovers import is_left_over


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
