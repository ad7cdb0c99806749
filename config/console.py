"""supervisord event listener: prefixes every line on the console with the name of the process that wrote it."""

import sys
from typing import BinaryIO

READY = b"READY\n"
OK = b"RESULT 2\nOK"
WIDTH = 22


def serve(events: BinaryIO, answers: BinaryIO, console: BinaryIO) -> None:
    """Handle supervisord's events until it exits. Its protocol allows nothing but acknowledgements on `answers`."""
    partial_lines: dict[str, bytes] = {}
    while True:
        answers.write(READY)
        answers.flush()
        header = _fields(events.readline())
        if "len" not in header:
            return
        metadata, _, text = events.read(int(header["len"])).partition(b"\n")
        name = _fields(metadata)["processname"]
        *lines, partial_lines[name] = (partial_lines.get(name, b"") + text).split(b"\n")
        console.write(b"".join(f"{name:{WIDTH}}".encode() + line + b"\n" for line in lines))
        console.flush()
        answers.write(OK)
        answers.flush()


def _fields(line: bytes) -> dict[str, str]:
    """Parse `a:1 b:2` into a dictionary."""
    return dict(pair.split(":", 1) for pair in line.decode().split())


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer)
