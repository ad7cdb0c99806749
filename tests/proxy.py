"""TCP proxy for tests: cuts off, hangs, slows down, throttles, tears, moves to another server, and terminates TLS."""

import asyncio
import contextlib
import math
import ssl
import threading
from collections.abc import Callable

from tests.patience import PATIENCE

_CHUNK = 65536
#: Throttled data pass in pieces of as many seconds.
_PIECE = 0.1


class Proxy:
    """Forwards a port of its own to the first of `targets`, ports of this machine, that accepts.

    `latency` is in seconds for each piece of data and direction, `rate` in bytes per second for each connection and
    direction. While `silent`, connections stay open and nothing passes, as when a network drops packets; what waits
    passes afterwards. With `torn_after`, a connection ends whenever one of its directions has carried as many bytes
    more, in the middle of what passes.
    """

    def __init__(self, *targets: int, context: ssl.SSLContext | None = None) -> None:
        self.targets = list(targets)
        self.latency = 0.0
        self.rate = self.torn_after = math.inf
        self.silent = False
        self.port = 0
        self._context, self._is_cut = context, False
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def cut(self) -> None:
        """Reset every connection and refuse new ones until `restore`."""
        self._is_cut = True
        self._call(self._reset)

    def restore(self) -> None:
        self._is_cut, self.silent, self.latency = False, False, 0.0
        self.rate = self.torn_after = math.inf

    def move(self, *targets: int) -> None:
        """From now on, forward to other servers. Open connections are reset."""
        self.targets = list(targets)
        self._call(self._reset)

    def close(self) -> None:
        self._call(self._closed.set)
        self._thread.join(PATIENCE)

    def _call(self, action: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(action)

    def _reset(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _run(self) -> None:
        self._loop, self._closed = asyncio.get_running_loop(), asyncio.Event()
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context) as server:
            self.port = int(server.sockets[0].getsockname()[1])
            self._ready.set()
            await self._closed.wait()
            self._reset()

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        found = None if self._is_cut else await self._connect()
        if found is None:
            client_out.transport.abort()
            return
        server_in, server_out = found
        ends = {client_out, server_out}
        self._open |= ends
        try:
            await asyncio.gather(self._forward(client_in, server_out), self._forward(server_in, client_out))
        finally:
            self._open -= ends

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for port in self.targets:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        passed, is_torn = 0, False
        with contextlib.suppress(OSError):
            while not is_torn and (data := await source.read(_CHUNK)):
                await asyncio.sleep(self.latency)
                while self.silent:  # noqa: ASYNC110 - set from another thread
                    await asyncio.sleep(0.05)
                limit = self.torn_after
                left = min(limit - passed % limit, _CHUNK)
                is_torn = len(data) > left
                await self._pass(data[: int(left)], target)
                passed += len(data)
        target.close()

    async def _pass(self, data: bytes, target: asyncio.StreamWriter) -> None:
        while data:
            size = max(1, int(min(len(data), self.rate * _PIECE)))
            await asyncio.sleep(size / self.rate)
            target.write(data[:size])
            await target.drain()
            data = data[size:]
