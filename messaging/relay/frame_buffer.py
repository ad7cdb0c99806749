"""Frame buffer: a batch's AMQP frames leave in few writes, which saves system calls and wake-ups (bench/relay.py)."""

from types import TracebackType
from typing import Any, Final, Self

from amqp.method_framing import frame_writer  # type: ignore[import-untyped]

#: Bytes that are collected before they are written.
SIZE: Final = 64 * 1024


class FrameBuffer:
    """A context in which `connection`, of py-amqp, collects the frames that it writes. Outside it writes at once."""

    def __init__(self, connection: Any) -> None:
        self._transport = connection.transport
        self._frames = bytearray()
        self._is_open = False
        connection.frame_writer = frame_writer(connection, self)

    def __enter__(self) -> Self:
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write what is left; after an error the connection is dropped."""
        self._is_open = False
        if kind is None:
            self._flush()
        self._frames.clear()

    def write(self, data: bytes | memoryview) -> None:
        self._frames += data
        if not self._is_open or len(self._frames) >= SIZE:
            self._flush()

    def _flush(self) -> None:
        frames, self._frames = self._frames, bytearray()
        if frames:
            self._transport.write(frames)
