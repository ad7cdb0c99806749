"""Static files are collected only if something has changed."""

import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from config import static_files

STORAGE = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"


@pytest.fixture
def source(tmp_path, settings) -> Path:
    """The one source file."""
    file = tmp_path / "source" / "shop.css"
    file.parent.mkdir()
    file.write_text("a {}\n" * 500)
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [file.parent]
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": STORAGE}}
    return file


def collected(source: Path) -> int:
    return len(list((source.parent.parent / "static").glob("shop.*.css")))


def test_they_are_collected_once(source):
    assert [static_files.collect(), static_files.collect()] == [True, False]
    assert collected(source) == 1


def test_a_changed_file_is_collected(source):
    static_files.collect()
    source.write_text("b {}")
    os.utime(source, ns=(0, 0))  # as a checkout of an older version leaves it
    assert static_files.collect()
    assert collected(source) == 2


def test_a_new_file_is_collected(source):
    static_files.collect()
    source.with_name("office.css").touch()
    assert static_files.collect()


@pytest.mark.parametrize("gone", ["static/staticfiles.json", "static.collected"])
def test_files_that_went_are_collected_again(source, gone):
    static_files.collect()
    (source.parent.parent / gone).unlink()
    assert static_files.collect()


def test_another_storage_collects_them_again(source, settings):
    static_files.collect()
    storage = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}
    assert static_files.collect()
    assert len(list((source.parent.parent / "static").glob("shop.*.css.gz"))) == 1


def test_an_interrupted_run_is_done_again(source, monkeypatch):
    content, before = source.read_text(), source.stat().st_mtime_ns
    static_files.collect()
    source.write_text("b {}")
    os.utime(source, ns=(0, 0))

    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(static_files, "call_command", interrupted)
        with pytest.raises(KeyboardInterrupt):
            static_files.collect()
    source.write_text(content)
    os.utime(source, ns=(before, before))  # the files are again as the last complete run found them
    assert static_files.collect()


@pytest.mark.parametrize("written", [0, 1])
def test_a_run_that_ends_within_a_file_leaves_nothing_that_the_next_one_keeps(source, settings, monkeypatch, written):
    """As a kill or a full disk ends it: in the copy of the source, and in that with a hash in its name."""
    source = source.rename(source.with_name("cup.svg"))
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "config.static_files.Storage"}}
    save, names = FileSystemStorage._save, []

    def save_until_the_disk_is_full(self, name, content):
        names.append(name)
        if len(names) <= written:
            return save(self, name, content)
        save(self, name, ContentFile(b"a"))
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(FileSystemStorage, "_save", save_until_the_disk_is_full)
        with pytest.raises(OSError, match="No space"):
            static_files.collect()
    assert static_files.collect()
    folder = source.parent.parent / "static"
    assert {path.read_text() for path in folder.glob("*.svg")} == {source.read_text()}
    assert not list(folder.rglob("*.partial"))
