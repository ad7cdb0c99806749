"""The doctor on static files: never collected, or not since they changed."""

import os

import pytest
from django.core.management import call_command

from shop.doctor.checks import static_files


@pytest.fixture
def sheet(settings, tmp_path):
    """The only static file."""
    settings.STATIC_ROOT = str(tmp_path / "collected")
    settings.STATICFILES_DIRS = [str(tmp_path / "sources")]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    path = tmp_path / "sources" / "a.css"
    path.parent.mkdir()
    path.write_text("a {}")
    return path


def collect() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def test_files_are_collected_before_the_first_start_and_after_each_change(sheet):
    [finding] = static_files.collected()
    assert finding.sentence == "The static file a.css is not collected, or not since it changed."
    assert finding.fix == "python manage.py collectstatic --no-input"
    collect()
    assert list(static_files.collected()) == []
    collected_at = sheet.stat().st_mtime
    sheet.write_text("a { color: red }")
    os.utime(sheet, (collected_at + 60, collected_at + 60))
    assert [found.name for found in static_files.collected()] == ["static-files"]


def test_a_new_file_is_told(sheet):
    collect()
    for name in ("b.css", "c.css"):
        sheet.with_name(name).write_text("b {}")
        os.utime(sheet.with_name(name), (0, 0))
    [finding] = static_files.collected()
    assert finding.sentence.startswith("The static file b.css (and 1 more) is not collected")
    collect()
    assert list(static_files.collected()) == []


def test_debug_mode_needs_no_collected_files(sheet, settings):
    settings.DEBUG = True
    assert list(static_files.collected()) == []
