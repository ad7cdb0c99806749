"""Standard streams of a command: a full disk or a closed pipe ends it without a traceback, a closed stream is empty."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class _Output:
    """A stream that tells its own errors from those of any other file or connection."""

    def __init__(self, stream: TextIO) -> None:
        self.failure: OSError | None = None
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._remembered():
            return self._stream.write(text)

    def flush(self) -> None:
        """Raises an earlier error again: argparse ignores those of a help text."""
        if self.failure:
            raise self.failure
        with self._remembered():
            self._stream.flush()

    @contextmanager
    def _remembered(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = error
            raise


@contextmanager
def guarded() -> Iterator[None]:
    """Within it, `sys.stdout` may fail: exits with code 1 and one line, or without it if the reader has gone."""
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:  # as of `>&-`; the next file that opens would get its number
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - to the process's end
    stream = sys.stdout
    output = _Output(stream)
    sys.stdout = cast(TextIO, output)
    try:
        try:
            yield
        finally:
            output.flush()
    except OSError as error:
        if error is not output.failure:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # for what is still in the buffer
        if not isinstance(error, BrokenPipeError):  # `| head` has read enough
            program = Path(sys.argv[0]).name
            sys.stderr.write(f"{program}: cannot write the output: {error.strerror}. What was done by then is kept.\n")
        sys.exit(1)
    finally:
        sys.stdout = stream
