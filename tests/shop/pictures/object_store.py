"""A media storage that stands for an object store: files have no path, URLs are another server's, calls may fail."""

from io import BytesIO
from typing import Any, ClassVar

from django.core.files.base import File
from django.core.files.storage import Storage

ADDRESS = "https://cdn.example/media/"
SETTINGS = {
    "default": {"BACKEND": "tests.shop.pictures.object_store.ObjectStore"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


class ObjectStoreError(Exception):
    """As those of cloud libraries: of no kind that Django knows."""


class ObjectStore(Storage):
    files: ClassVar[dict[str, bytes]] = {}
    #: How many files it stores before it fails.
    room: ClassVar[int] = 10**6
    is_down: ClassVar[bool] = False

    @classmethod
    def reset(cls) -> None:
        cls.files, cls.room, cls.is_down = {}, 10**6, False

    def _save(self, name: str, content: Any) -> str:
        self._answer()
        if len(self.files) >= self.room:
            raise ObjectStoreError("SlowDown")
        self.files[name] = content.read()
        return name

    def _open(self, name: str, mode: str = "rb") -> Any:
        self._answer()
        if name not in self.files:
            raise FileNotFoundError(name)
        return File(BytesIO(self.files[name]), name)

    def exists(self, name: str) -> bool:
        return name in self.files

    def delete(self, name: str) -> None:
        self._answer()
        self.files.pop(name, None)

    def url(self, name: str | None) -> str:
        return f"{ADDRESS}{name}"

    def _answer(self) -> None:
        if self.is_down:
            raise ObjectStoreError("ServiceUnavailable")
