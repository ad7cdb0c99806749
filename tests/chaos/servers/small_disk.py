"""Small disk for a folder, which a test may fill."""

import errno
import shutil
import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    """A file system in memory of `megabytes` at `folder`. Mounting one needs root."""

    def __init__(self, folder: Path, *, megabytes: int = 192) -> None:
        self.folder, self._size = folder, f"size={megabytes}m"
        self._filler = folder / "filler"

    def mount(self) -> None:
        """Skips where it is refused."""
        self.folder.mkdir(exist_ok=True)
        found = self.folder.stat()
        options = f"{self._size},uid={found.st_uid},gid={found.st_gid},mode=0700"
        command = ["mount", "-t", "tmpfs", "-o", options, "conveyor", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a disk cannot be mounted: {done.stderr.strip()}")

    def unmount(self) -> None:
        """Also removes what is left of the folder around it, once its users have ended."""
        subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True, check=False)
        shutil.rmtree(self.folder.parent, ignore_errors=True)

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def empty(self) -> None:
        self._filler.unlink()
