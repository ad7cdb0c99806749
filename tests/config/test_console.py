"""Console output: every line carries the name of the process that wrote it."""

import io

from config.console import serve


def event(name, text):
    payload = f"processname:{name} groupname:conveyor pid:1 channel:stdout\n{text}".encode()
    return (
        f"ver:3.0 server:supervisor serial:1 pool:console eventname:PROCESS_LOG_STDOUT len:{len(payload)}\n".encode()
        + (payload)
    )


def test_lines_are_prefixed_with_names_and_partial_lines_are_joined():
    events = io.BytesIO(event("web", "started\nhalf") + event("relay", "ready: ü\n") + event("web", " and half\n"))
    answers, console = io.BytesIO(), io.BytesIO()
    serve(events, answers, console)
    lines = [line.split(maxsplit=1) for line in console.getvalue().decode().splitlines()]
    assert lines == [["web", "started"], ["relay", "ready: ü"], ["web", "half and half"]]
    assert answers.getvalue() == b"READY\nRESULT 2\nOK" * 3 + b"READY\n"
