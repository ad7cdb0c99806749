"""The media storage, where uploaded pictures are: it answers, and its folder can be written."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

from django.core.files.storage import FileSystemStorage, default_storage

from shop.doctor.findings import Finding

#: Storages try again for minutes.
ANSWER_SECONDS = 10.0
_NO_PICTURE = "doctor"


def storage() -> Iterator[Finding]:
    if isinstance(default_storage, FileSystemStorage):
        yield from _folder(Path(default_storage.location))
    elif why := _why_not():
        sentence = f"The media storage does not answer, so that pictures are neither stored nor shown: {why}."
        yield Finding("media-storage", sentence, "export CONVEYOR_MEDIA_OPTIONS='{…}'")


def _folder(root: Path) -> Iterator[Finding]:
    """Of one that is missing, the folder in which the first upload creates it."""
    there = next(path for path in (root, *root.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        sentence = f"Pictures cannot be stored: {there} is not a folder that this user can write."
        yield Finding("media-folder", sentence, f"ls -ld {there}")


def _why_not() -> str:
    """Why the storage gives no answer; empty if it does. The thread may outlast this, and ends with the process."""
    failures = [f"no answer within {ANSWER_SECONDS:g} seconds"]

    def ask() -> None:
        try:
            default_storage.exists(_NO_PICTURE)
            failures.clear()
        except Exception as error:  # each storage has errors of its own
            failures[:] = [" ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")]

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    return "".join(failures)
