"""Are only those things cleared away whose run is gone?"""

import os
import subprocess

import pytest

from tests.stack.leftovers import is_left_over


@pytest.fixture(scope="module")
def gone() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize("name", ["conveyor_stack_{}_ab12", "conveyor-embedded-{}-x", "conveyor-test-{}-ab"])
def test_a_name_is_left_over_once_its_process_is_gone(gone, name):
    assert is_left_over(name.format(gone))
    assert not is_left_over(name.format(os.getpid()))


@pytest.mark.parametrize("name", ["postgres", "/", "conveyor", "conveyor_shop", "test_12_x", "my_conveyor_stack_1_x"])
def test_what_tests_never_named_is_left_alone(name):
    assert not is_left_over(name)
