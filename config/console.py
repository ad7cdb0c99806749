"""supervisord event listener: prefixes every line on the console with the name of the process that wrote it."""

import ast
import io
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO

READY = b"READY\n"
OK = b"RESULT 2\nOK"
WIDTH = 21
_HEADER = re.compile(r"\bver:3\.0 .*\blen:(\d{1,9})$", re.ASCII)
_NAME = re.compile(r"\bprocessname:(\S+)")
_CUT = re.compile(r"Undecodable: (b['\"].*['\"])", re.DOTALL)


def serve(events: BinaryIO, answers: BinaryIO, console: BinaryIO) -> None:
    """Handle supervisord's events until it exits. Its protocol allows nothing but acknowledgements on `answers`."""
    partial_lines: dict[str, bytes] = {}
    answers.write(READY)
    answers.flush()
    for name, text in _read(events):
        *lines, partial_lines[name] = (partial_lines.get(name, b"") + text).split(b"\n")
        console.write(b"".join(f"{name:{WIDTH}} ".encode() + line + b"\n" for line in lines))
        console.flush()
        answers.write(OK + READY)
        answers.flush()


def _read(events: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Names of processes and what they wrote. supervisord 4.3 counts an event's length in characters, not in bytes."""
    reader = io.TextIOWrapper(events, encoding="utf-8", errors="replace", newline="\n")
    for line in iter(reader.readline, ""):
        if header := _HEADER.search(line.rstrip()):
            metadata, _, text = reader.read(int(header[1])).partition("\n")
            name = _NAME.search(metadata)
            yield name[1] if name else "?", _bytes(text)


def _bytes(text: str) -> bytes:
    """What was written: supervisord sends the `repr` of bytes that begin or end within a character."""
    if cut := _CUT.fullmatch(text):
        try:
            return bytes(ast.literal_eval(cut[1]))
        except (ValueError, SyntaxError):
            pass  # a process wrote this line itself
    return text.encode()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer)
