"""TLS for tests: a private CA, and a server that terminates TLS in front of another one."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import threading
from pathlib import Path

from tests.patience import PATIENCE
from tests.stack.services import require


class PrivateCA:
    """A CA and the certificates that it issues, as PEM files under `folder`."""

    def __init__(self, folder: Path) -> None:
        require("OpenSSL")
        self.folder, self.certificates = folder, folder / "ca.pem"
        folder.mkdir(parents=True, exist_ok=True)
        _openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Conveyor test CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", folder / "ca.key", "-out", self.certificates,
        )  # fmt: skip

    def issue(self, name: str) -> ssl.SSLContext:
        """A server's context with a certificate for the host `name`, such as `DNS:localhost`."""
        key, request, certificate = (self.folder / f"server.{end}" for end in ("key", "csr", "pem"))
        extensions = self.folder / "server.ext"
        extensions.write_text(f"subjectAltName={name}\nextendedKeyUsage=serverAuth\n")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", key, "-out", request)
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.certificates, "-CAkey", self.folder / "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


class TlsTerminator:
    """Accepts TLS on a port of its own and forwards what it decrypts to `port` of this machine."""

    def __init__(self, context: ssl.SSLContext, *, port: int) -> None:
        self._context, self._target = context, port
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join(PATIENCE)

    async def _run(self) -> None:
        self._loop, self._closed = asyncio.get_running_loop(), asyncio.Event()
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context) as server:
            self.port = int(server.sockets[0].getsockname()[1])
            self._ready.set()
            await self._closed.wait()

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            server_in, server_out = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(_forward(client_in, server_out), _forward(server_in, client_out))


async def _forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


def _openssl(*arguments: object) -> None:
    subprocess.run([shutil.which("openssl") or "openssl", *map(str, arguments)], check=True, capture_output=True)
