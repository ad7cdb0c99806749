"""The doctor on the media storage: away, refusing, or a folder that cannot be written."""

from threading import Event

import pytest
from django.core.files.storage import Storage

from shop.doctor.checks import media
from shop.doctor.services import run_checks

FOLDER = "django.core.files.storage.FileSystemStorage"
released = Event()


class Refusing(Storage):
    def exists(self, name):
        raise RuntimeError("403\n Forbidden.")


class Hanging(Storage):
    def exists(self, name):
        return released.wait()


class Answering(Storage):
    def exists(self, name):
        return False


@pytest.fixture
def store(settings):
    def choose(backend, **options):
        name = backend if isinstance(backend, str) else f"{__name__}.{backend.__name__}"
        settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": name, "OPTIONS": options}}

    return choose


def test_a_storage_that_refuses_is_reported_with_its_reason(store):
    store(Refusing)
    [finding] = media.storage()
    assert finding.name == "media-storage"
    assert finding.sentence == (
        "The media storage does not answer, so that pictures are neither stored nor shown: RuntimeError: 403 Forbidden."
    )
    assert "CONVEYOR_MEDIA_OPTIONS" in finding.fix


def test_a_storage_that_never_answers_is_given_up(store, monkeypatch):
    monkeypatch.setattr(media, "ANSWER_SECONDS", 0)
    store(Hanging)
    try:
        [finding] = media.storage()
    finally:
        released.set()
    assert finding.sentence.endswith("no answer within 0 seconds.")


def test_a_storage_that_answers_is_none(store):
    store(Answering)
    assert list(media.storage()) == []


def test_a_folder_that_can_be_written_or_created_is_none(store, tmp_path):
    for folder in (tmp_path, tmp_path / "not" / "yet"):
        store(FOLDER, location=str(folder))
        assert list(media.storage()) == []


def test_a_folder_below_a_file_is_reported(store, tmp_path):
    (tmp_path / "file").touch()
    store(FOLDER, location=str(tmp_path / "file" / "media"))
    [finding] = media.storage()
    assert finding.sentence.startswith(f"Pictures cannot be stored: {tmp_path / 'file'} is not a folder")


def test_a_folder_that_this_user_cannot_write_is_reported(store, tmp_path, monkeypatch):
    monkeypatch.setattr(media.os, "access", lambda path, mode: False)  # for root, every folder can be written
    store(FOLDER, location=str(tmp_path))
    assert [finding.fix for finding in media.storage()] == [f"ls -ld {tmp_path}"]


@pytest.mark.django_db
def test_the_doctor_asks_it(store):
    store(Refusing)
    assert "media-storage" in {finding.name for finding in run_checks()}
