"""Load on a web server: connections that each send their next request when the answer to the last one is there.

Runs as a process of its own, so that it shares no interpreter with the bench.
"""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CONNECTIONS = 16
#: Seconds before the measurement, in which caches are filled.
WARM_UP = 1.0
HEADERS = "Host: localhost\r\nAccept-Encoding: gzip\r\nUser-Agent: bench\r\n"


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests a second after the warm-up, milliseconds, and all requests."""

    rate: float
    p50: float
    p99: float
    kilobytes: float
    requests: int


def under_load(port: int, paths: list[str], *, seconds: float) -> Figures:
    """Send GET requests for `paths` in turn. Exits if one is not answered by 200."""
    command = [sys.executable, "-m", "bench.support.http_load", str(port), str(seconds), *paths]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{paths[0]}: {done.stderr[-800:]}")
    return Figures(**json.loads(done.stdout))


async def _answer(reader: asyncio.StreamReader) -> int:
    """Bytes of the body."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(head.decode(errors="replace"))
    size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    await reader.readexactly(size)
    return size


async def _measured(port: int, requests: list[bytes], seconds: float) -> Figures:
    turns, times, sizes = itertools.cycle(requests), [], []
    began = time.perf_counter() + WARM_UP
    until = began + seconds

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (sent := time.perf_counter()) < until:
            writer.write(next(turns))
            sizes.append(await _answer(reader))
            if sent >= began:
                times.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    times.sort()
    middle, late = times[len(times) // 2], times[int(len(times) * 0.99)]
    return Figures(len(times) / seconds, middle * 1000, late * 1000, sum(sizes) / len(sizes) / 1000, len(sizes))


def main() -> None:
    port, seconds, *paths = sys.argv[1:]
    requests = [f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode() for path in paths]
    print(json.dumps(asdict(asyncio.run(_measured(int(port), requests, float(seconds))))))


if __name__ == "__main__":
    main()
