"""Who wrote this line on the console? A listener for supervisord that puts each process's name before its lines."""

import sys
from typing import BinaryIO

READY = b"READY\n"
OK = b"RESULT 2\nOK"
WIDTH = 22


def serve(events: BinaryIO, answers: BinaryIO, console: BinaryIO) -> None:
    """Answer supervisord's events until it goes away; its protocol allows nothing else on `answers`."""
    rests: dict[str, bytes] = {}
    while True:
        answers.write(READY)
        answers.flush()
        header = _fields(events.readline())
        if "len" not in header:
            return
        about, _, text = events.read(int(header["len"])).partition(b"\n")
        name = _fields(about)["processname"]
        *lines, rests[name] = (rests.get(name, b"") + text).split(b"\n")
        console.write(b"".join(f"{name:{WIDTH}}".encode() + line + b"\n" for line in lines))
        console.flush()
        answers.write(OK)
        answers.flush()


def _fields(line: bytes) -> dict[str, str]:
    """`a:1 b:2` as a dictionary."""
    return dict(word.split(":", 1) for word in line.decode().split())


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer)
