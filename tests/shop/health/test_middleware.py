"""Probes and metrics by address and without TLS; readiness of a deployment that forgot a step."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from shop.health import middleware, probes
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)
PATHS = ["/healthz", "/readyz", "/metrics"]


@pytest.fixture(autouse=True)
def _patient_probes(monkeypatch):
    monkeypatch.setattr(probes, "TIMEOUT_SECONDS", PATIENCE)
    monkeypatch.setattr(probes, "_kept", {})


@pytest.fixture
def strict(settings):
    settings.ALLOWED_HOSTS = ["shop.example"]
    settings.SECURE_SSL_REDIRECT = True


def get(path: str, host: str = "10.1.2.3:8000"):
    return Client().get(path, headers={"host": host})


@pytest.mark.parametrize("path", PATHS)
def test_a_kubelet_asks_by_address_and_without_tls(strict, path):
    answer = get(path)
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_still_for_the_shops_own_host_and_tls(strict):
    assert get("/").status_code == 400
    assert get("/", host="shop.example").status_code == 301


@pytest.mark.parametrize("path", ["/healthz/", "//healthz", "/healthz/x", "/metrics;x"])
def test_nothing_but_the_exact_paths_is_answered_for_any_host(strict, path):
    assert get(path).status_code == 400


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_repeats_the_host(strict, settings, path):
    for token, demo in (("s3cret", True), ("", False), ("", True)):
        settings.METRICS_TOKEN, settings.CONVEYOR_DEMO = token, demo
        for method in ("GET", "HEAD", "POST", "OPTIONS", "TRACE"):
            answer = Client().generic(
                method, path, headers={"host": "evil.example", "x-forwarded-host": "evil.example"}
            )
            assert answer.status_code < 500
            assert b"evil" not in answer.content
            assert not any("evil" in value for value in answer.headers.values())


@pytest.mark.parametrize("path", PATHS)
def test_an_error_is_answered_without_a_page(strict, monkeypatch, path):
    def broken(request):
        raise KeyError("a bug")

    monkeypatch.setitem(middleware._VIEWS, path, broken)
    answer = get(path)
    assert (answer.status_code, answer.content) == (500, b"Internal server error.\n")


def test_not_ready_until_the_database_is_migrated(monkeypatch):
    monkeypatch.setattr(probes, "KEPT_SECONDS", 0)
    recorder = MigrationRecorder(connection)
    [name, *_] = sorted(name for app, name in recorder.applied_migrations() if app == "sessions")
    recorder.record_unapplied("sessions", name)
    try:
        answer = get("/readyz")
        assert (answer.status_code, answer.json()["migrations"]) == (503, "pending")
        assert answer.json()["problems"] == [
            "The database lacks migrations of this release. Run: python manage.py migrate"
        ]
        assert get("/healthz").status_code == 200
    finally:
        recorder.record_applied("sessions", name)
    assert get("/readyz").status_code == 200


def test_the_answer_about_migrations_is_kept_for_a_while(monkeypatch):
    asked = []
    monkeypatch.setattr(probes, "_probe_migrations", lambda: asked.append(1) or probes.OK)
    monkeypatch.setattr(probes, "KEPT_SECONDS", PATIENCE)
    for _ in range(3):
        assert get("/readyz").json()["migrations"] == "ok"
    assert len(asked) == 1


def test_not_ready_without_the_static_files(settings, tmp_path):
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    answer = get("/readyz")
    assert (answer.status_code, answer.json()["static_files"]) == (503, "missing")
    assert "Run: python manage.py collectstatic --no-input" in answer.json()["problems"][0]
    call_command("collectstatic", interactive=False, verbosity=0)
    assert get("/readyz").status_code == 200
