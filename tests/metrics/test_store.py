"""Files of metrics: many processes, killed ones, damaged files, folders that cannot be used, full disks."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from messaging.telemetry import store
from messaging.telemetry.slots import NoSlot, Slots
from tests.patience import PATIENCE
from tests.stack.program import PROJECT

#: A process that counts `sys.argv[1]` times, and forks a child that does so as well.
_COUNT = """
import os, sys, signal
from messaging.telemetry import store
made = store.counter("conveyor_tests", "Made by a test.", ["kind"])
count = store.harmless(lambda: made.labels("x").inc())
times, ending = int(sys.argv[1]), sys.argv[2]
for _ in range(times):
    count()
child = os.fork()
for _ in range(times if child == 0 else 0):
    count()
if child:
    os.waitpid(child, 0)
if ending == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
os._exit(0)
"""


#: A fork whose parent dies, and then a fork of its own.
_FORKS = """
import os, sys
from pathlib import Path
from messaging.telemetry.slots import Slots
slots = Slots(Path(sys.argv[1]))
slots.current()
died, dies = os.pipe()
if os.fork():
    os._exit(0)
os.close(dies)
os.read(died, 1)
print(slots.current(), flush=True)
if not os.fork():
    print(Slots(Path(sys.argv[1])).current(), flush=True)
    os._exit(0)
os.wait()
"""


def test_a_fork_that_takes_over_the_slot_of_its_dead_parent_holds_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _FORKS, tmp_path], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout.split() == ["0", "1"]


def run(folder: Path, times: int, ending: str = "exit", *, limit: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _COUNT, str(times), ending]
    if limit:
        command = ["bash", "-c", f'{limit}; exec "$@"', "bash", *command]
    env = os.environ | {store.VARIABLE: str(folder)}
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)


def total(folder: Path) -> float:
    metrics = {metric.name: metric for metric in store.ProcessesCollector(folder).collect()}
    found = metrics.get("conveyor_tests")
    return sum(sample.value for sample in found.samples) if found else 0.0


def damaged(folder: Path) -> float:
    metrics = {metric.name: metric for metric in store.ProcessesCollector(folder).collect()}
    return metrics["conveyor_metric_files_damaged"].samples[0].value


def test_processes_and_their_children_are_added_up_and_restarts_take_over_their_files(tmp_path):
    for _ in range(3):
        assert run(tmp_path, 5).returncode == 0
    assert total(tmp_path) == 30
    assert run(tmp_path, 7, "kill").returncode == -signal.SIGKILL
    assert total(tmp_path) == 44
    assert len(list(tmp_path.glob("*.db"))) == 2, "one of a parent, one of a child, however often they started"


def test_a_damaged_file_is_left_out_and_the_next_process_starts_it_anew(tmp_path):
    run(tmp_path, 5)
    for broken in (b"", b"\xff" * 100, (80).to_bytes(4, "little") + b"\x00" * 40, b"\x50" + bytes(7) + b"\x08" * 80):
        (tmp_path / "counter_0.db").write_bytes(broken)
        assert (total(tmp_path), damaged(tmp_path)) == (5, 1), broken
    run(tmp_path, 5)
    assert (total(tmp_path), damaged(tmp_path)) == (15, 0)


def test_a_folder_that_cannot_be_used_stops_no_process(tmp_path):
    (tmp_path / "file").write_text("no folder")
    done = run(tmp_path / "file", 5)
    assert done.returncode == 0, done.stderr
    assert "cannot be used" in done.stderr


def test_a_disk_without_space_stops_no_process(tmp_path):
    """`ulimit -f` limits the size of files as a full disk does; the signal that comes with it is ignored."""
    done = run(tmp_path, 5, limit="trap '' XFSZ; ulimit -f 1")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("could not count") == 1, "a child knows that its parent has said so"


def test_space_is_allocated_before_it_is_written(tmp_path, monkeypatch):
    file = store.Preallocated(str(tmp_path / "counter_0.db"))
    assert (tmp_path / "counter_0.db").stat().st_blocks * 512 >= 1 << 16
    for number in range(300):
        file.write_value(f"{number:0>200}", 1.0, 0.0)
    path = tmp_path / "counter_0.db"
    assert path.stat().st_blocks * 512 >= path.stat().st_size > 1 << 16

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)

    def fill() -> None:
        for number in range(300, 1000):
            file.write_value(f"{number:0>200}", 1.0, 0.0)

    with pytest.raises(OSError, match="No space left"):
        fill()
    assert len(list(file.read_all_values())) < 1000
    file.write_value(f"{1:0>200}", 2.0, 0.0)  # what has its place still counts
    file.close()


def test_slots_are_bounded_and_a_failure_is_not_repeated_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("messaging.telemetry.slots.MOST", 0)
    slots = Slots(tmp_path)
    for _ in range(2):
        with pytest.raises(NoSlot):
            slots.current()
    monkeypatch.setattr("messaging.telemetry.slots.MOST", 1)
    with pytest.raises(NoSlot, match="there is no slot"):
        slots.current()
    monkeypatch.setattr("messaging.telemetry.slots.RETRY_SECONDS", 0.0)
    assert slots.current() == 0


def test_what_counting_raises_is_logged_once(caplog, monkeypatch):
    monkeypatch.setattr(store, "_logged", {})

    @store.harmless
    def fail() -> None:
        raise RuntimeError("no files")

    fail()
    fail()
    assert [record.message for record in caplog.records] == ["metrics: this process could not count"]


def test_the_time_limit_of_a_task_passes_through():
    @store.harmless
    def count():
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        count()
