"""TLS for tests: a private CA."""

import shutil
import ssl
import subprocess
from pathlib import Path

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


def _openssl(*arguments: object) -> None:
    subprocess.run([shutil.which("openssl") or "openssl", *map(str, arguments)], check=True, capture_output=True)
