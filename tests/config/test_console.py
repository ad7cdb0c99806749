"""Console output: every line carries the name of the process that wrote it."""

import io
from types import SimpleNamespace

import pytest
from supervisor.events import ProcessLogStdoutEvent
from supervisor.process import EventListenerPool

from config.console import serve


def event(name: str, written: bytes) -> bytes:
    """As supervisord itself writes it."""
    process = SimpleNamespace(config=SimpleNamespace(name=name), group=None)
    pool = SimpleNamespace(config=SimpleNamespace(name="console", options=SimpleNamespace(identifier="supervisor")))
    payload = ProcessLogStdoutEvent(process, 1, written).payload()
    return EventListenerPool._eventEnvelope(pool, ProcessLogStdoutEvent, 1, 1, payload).encode()


def served(*events: bytes) -> list[list[str]]:
    """The console's lines; every event is acknowledged."""
    answers, console = io.BytesIO(), io.BytesIO()
    serve(io.BytesIO(b"".join(events)), answers, console)
    assert answers.getvalue() == b"READY\n" + b"RESULT 2\nOKREADY\n" * len(events)
    return [line.split(maxsplit=1) for line in console.getvalue().decode().splitlines()]


def test_lines_are_prefixed_with_names_and_partial_lines_are_joined():
    lines = served(event("web", b"started\nhalf"), event("relay", b"ready\n"), event("web", b" and half\n"))
    assert lines == [["web", "started"], ["relay", "ready"], ["web", "half and half"]]


def test_a_long_name_is_not_joined_to_its_line():
    name = f"worker-{'n' * 40}"
    assert served(event(name, b"ready\n")) == [[name, "ready"]]


def test_characters_of_several_bytes_do_not_shift_the_events_after_them():
    written = "alert: A dispute of €149.00 – ü\n".encode()
    assert served(event("worker", written), event("web", b"after\n")) == [
        ["worker", "alert: A dispute of €149.00 – ü"],
        ["web", "after"],
    ]


def test_a_character_cut_by_a_read_reaches_the_console_whole():
    whole = "paid €149.00, it's done\n".encode()
    assert served(event("web", whole[:6]), event("web", whole[6:])) == [["web", "paid €149.00, it's done"]]


@pytest.mark.parametrize("text", ["Undecodable: b'", "Undecodable: b'a' + 1 + b'b'", "Undecodable: b'x"])
def test_a_line_that_only_looks_like_bytes_is_printed_as_it_is(text):
    assert served(event("web", f"{text}\n".encode())) == [["web", text]]


def test_what_is_no_event_is_skipped():
    noise = b"\xff\xfe\nlen:three\nnot a header\n\n"
    answers, console = io.BytesIO(), io.BytesIO()
    serve(io.BytesIO(noise + event("web", b"still here\n")), answers, console)
    assert console.getvalue().split() == [b"web", b"still", b"here"]
