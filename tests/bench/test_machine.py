"""CPU time of processes, by kind."""

import os

import pytest

from bench.support import machine


def test_cpu_time_is_that_of_the_process_and_of_its_ended_children():
    """From the third field on, the process group is the third; utime, stime, cutime and cstime are 12th to 15th."""
    fields = ["S", "1", "77", "2", *["0"] * 7, "100", "20", "3", "4", "0"]
    name, group, seconds = machine.parsed(f"42 (a) b) {' '.join(fields)}")
    assert (name, group) == ("a) b", 77)
    assert seconds == pytest.approx(127 / os.sysconf("SC_CLK_TCK"))


def test_cpu_time_is_counted_by_process_group_and_since_an_earlier_reading():
    own = {os.getpgid(0): "ours"}
    total = machine.cpu_seconds(own)["ours"]
    assert total > 0
    assert machine.cpu_seconds(own, since={"ours": total})["ours"] < total


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (b"postgres: shop scratch 127.0.0.1(5000) idle", machine.POSTGRESQL),
        (b"postgres: shop scratch_2 127.0.0.1(5000) idle", None),
        (b"postgres: checkpointer ", None),
        (b"vim scratch ", None),
    ],
)
def test_a_database_is_counted_by_its_own_sessions(command, kind):
    assert machine._session(command, "scratch") == kind
