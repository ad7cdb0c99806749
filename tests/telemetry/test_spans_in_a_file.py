"""The file of spans that processes share: rotated once, bounded, private."""

import fcntl
import logging
import multiprocessing
import stat

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from messaging.telemetry import exporting
from tests.patience import PATIENCE


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "FILE_BYTES", 5_000)
    return tmp_path / "traces.jsonl"


@pytest.fixture
def older(path):
    return path.with_name("traces.jsonl.1")


@pytest.fixture
def lock(path):
    """Another process's rotation."""
    with path.with_name("traces.jsonl.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def span(name="new"):
    made = TracerProvider(shutdown_on_exit=False).get_tracer("tests").start_span(name)
    made.end()
    return made


def export(path):
    return exporting.FileExporter(path).export([span()])


def test_a_file_that_another_process_rotates_meanwhile_is_not_rotated_again(path, older, monkeypatch):
    path.write_text("old" * 2_000)
    lock = fcntl.flock

    def slow_lock(file, operation):
        if operation != fcntl.LOCK_UN:
            path.replace(older)  # by the other process, which has released the lock
            path.write_text("of the other process\n")
        lock(file, operation)

    monkeypatch.setattr(exporting.fcntl, "flock", slow_lock)
    assert export(path) is SpanExportResult.SUCCESS
    assert older.read_text() == "old" * 2_000, "the generation before is kept"
    assert path.read_text().startswith("of the other process\n{")


def test_a_rotation_is_not_waited_for_and_costs_no_span(path, older, lock):
    path.write_text("x" * 6_000)
    assert export(path) is SpanExportResult.SUCCESS
    assert '"new"' in path.read_text()
    assert not older.exists()
    fcntl.flock(lock, fcntl.LOCK_UN)
    export(path)
    assert older.read_text().startswith("x" * 6_000)


def test_a_file_that_cannot_be_rotated_is_bounded(path, lock, caplog):
    path.write_text("x" * 10_001)
    exporter = exporting.CleaningExporter(exporting.FileExporter(path), clean=str, clean_path=str)
    with caplog.at_level(logging.WARNING):
        assert [exporter.export([span()]) for _ in range(3)] == [SpanExportResult.FAILURE] * 3
    assert path.read_text() == "x" * 10_001
    assert len(caplog.messages) == 1
    assert "BlockingIOError" in caplog.text


def test_a_file_that_cannot_be_written_is_a_line_with_the_cause(tmp_path, caplog):
    exporter = exporting.CleaningExporter(exporting.FileExporter(tmp_path / "no" / "a"), clean=str, clean_path=str)
    with caplog.at_level(logging.WARNING):
        assert exporter.export([span()]) is SpanExportResult.FAILURE
    assert "FileNotFoundError" in caplog.text


def test_files_are_for_their_user_alone(path, older):
    for _ in range(2):
        export(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("x" * 6_000)
    export(path)
    files = [path, older, path.with_name("traces.jsonl.lock")]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3


def test_a_lock_is_released_though_a_child_has_it_open(path, older, monkeypatch):
    path.write_text("x" * 6_000)
    inherited = []
    private = exporting._private

    def kept(file):
        opened = private(file)
        inherited.append(exporting.os.dup(opened.fileno()))
        return opened

    monkeypatch.setattr(exporting, "_private", kept)
    export(path)
    monkeypatch.undo()
    try:
        with path.with_name("traces.jsonl.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        for fd in inherited:
            exporting.os.close(fd)


def _append(path, start):
    exporter = exporting.FileExporter(path)
    one = [span("x" * 100)]
    start.wait(PATIENCE)
    for _ in range(40):
        exporter.export(one)


def test_no_generation_is_lost_between_processes(path, older, monkeypatch):
    """Each file holds half of all spans or more: exactly one rotation is due, whoever sees that first."""
    monkeypatch.setattr(exporting, "FILE_BYTES", 4 * 20 * (len(span("x" * 100).to_json(indent=None)) + 1))
    context = multiprocessing.get_context("fork")
    start = context.Event()
    processes = [context.Process(target=_append, args=(path, start), daemon=True) for _ in range(4)]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join(PATIENCE)
    assert [process.exitcode for process in processes] == [0] * 4
    assert sum(len(file.read_text().splitlines()) for file in (path, older)) == 160
