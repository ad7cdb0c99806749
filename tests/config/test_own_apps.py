"""Extensions: what one declaration adds, which are installed, and sentences for declarations that are wrong."""

import sys
from pathlib import Path

import pytest
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLResolver

import extensions
from config import processes
from config.parts import own_apps, schedule
from extensions import Service

SHOP = {"payments": "payment.#", "notifications": "notification.#"}
APPS = """
from django.apps import AppConfig
from extensions import Service
class Own(AppConfig):
    name = "extensions.{name}"
    service = Service({service})
"""


class Folder:
    """A folder of extensions beside the project's own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def app(self, name: str, service: str = "", *, text: str = "") -> None:
        service = service or f'queue="{name}", binding="{name}.#"'
        self.package(name)
        (self.path / name / "apps.py").write_text(text or APPS.format(name=name, service=service))

    def package(self, name: str) -> None:
        (self.path / name).mkdir()
        (self.path / name / "__init__.py").touch()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(extensions, "__path__", [str(tmp_path)])
    monkeypatch.setenv("CONVEYOR_EXTENSIONS", "")
    yield Folder(tmp_path)
    for name in [name for name in sys.modules if name.startswith("extensions.")]:
        del sys.modules[name]


def labels() -> list[str]:
    return [each.label for each in own_apps.installed()]


def test_all_apps_of_the_folder_are_installed_in_the_order_of_their_names(folder):
    folder.app("zebra")
    folder.app("ant")
    folder.package("only_code")
    assert labels() == ["ant", "zebra"]
    assert own_apps.app_configs() == ["extensions.ant.apps.Own", "extensions.zebra.apps.Own"]


@pytest.mark.parametrize(
    ("value", "expected"), [("none", []), ("zebra", ["zebra"]), ("zebra, ant,zebra", ["zebra", "ant"])]
)
def test_the_variable_chooses_which_are_installed(folder, monkeypatch, value, expected):
    folder.app("zebra")
    folder.app("ant")
    monkeypatch.setenv("CONVEYOR_EXTENSIONS", value)
    assert labels() == expected


def test_a_declaration_adds_a_queue_after_those_of_the_shop(folder):
    folder.app("ant", 'queue="ants", binding="ant.#"')
    assert own_apps.queues(**SHOP) == SHOP | {"ants": "ant.#"}


def test_a_queue_has_a_worker_of_its_own_or_one_beside_those_of_the_shop(folder):
    folder.app("ant", 'queue="ants", binding="ant.#", concurrency=3')
    folder.app("bee", 'queue="bees", binding="bee.#", beside="notifications"')
    commands = {each.name: each.command for each in processes.workers()}
    assert list(commands) == ["worker-payments", "worker-shipping", "worker-notifications", "worker-ants"]
    assert commands["worker-ants"][5:9] == ["-Q", "ants", "--concurrency", "3"]
    assert "notifications,maintenance,bees" in commands["worker-notifications"]


def test_a_declaration_adds_periodic_tasks_permissions_and_pages(folder):
    folder.app(
        "ant", 'queue="ants", binding="ant.#", schedule={"ant.dig": 60.0}, views=("view_hill",), actions=("dig",)'
    )
    assert schedule.beat_schedule()["ant.dig"] == {"task": "ant.dig", "schedule": 60.0}
    assert own_apps.permissions() == {"ant": (("view_hill",), ("dig",))}
    assert own_apps.url_patterns() == []


def test_pages_are_below_the_name_of_the_app(folder):
    folder.app("ant", 'queue="ants", binding="ant.#", urls="extensions.ant.urls"')
    (folder.path / "ant" / "urls.py").write_text("urlpatterns = []")
    (pattern,) = own_apps.url_patterns()
    assert isinstance(pattern, URLResolver)
    assert str(pattern.pattern) == "ant/"


def test_a_schedule_may_be_a_time_of_day():
    nightly = crontab(hour="3", minute="0")
    assert Service(queue="ants", binding="ant.#", schedule={"ant.dig": nightly}).schedule["ant.dig"] is nightly


def test_without_extensions_nothing_is_added(folder):
    assert own_apps.queues(**SHOP) == SHOP
    assert own_apps.workers(processes.WORKERS) == processes.WORKERS
    assert own_apps.schedule() == own_apps.permissions() == {}


@pytest.mark.parametrize(
    ("service", "sentence"),
    [
        ('queue="Ants", binding="ant.#"', "extensions/ant/apps.py cannot be imported: queue is 'Ants'; it must be"),
        ('queue="ants", binding="ant"', "binding is 'ant'; it must be a noun and '.#'"),
        ('queue="ants", binding="ant.#", concurrency=0', "concurrency is 0; it must be at least 1"),
        ('queue="payments", binding="ant.#"', "extensions/ant/apps.py declares the queue 'payments', which is taken"),
        ('queue="ants", binding="payment.#"', "declares the binding 'payment', which is taken"),
        ('queue="ants", binding="ant.#", beside="postal"', "declares beside='postal'; it must be one of: payments, "),
        ('line="ants"', "extensions/ant/apps.py cannot be imported: "),
    ],
)
def test_a_wrong_declaration_is_named_with_its_file(folder, service, sentence):
    folder.app("ant", service)
    with pytest.raises(ImproperlyConfigured) as error:
        _ = own_apps.queues(**SHOP), own_apps.workers(processes.WORKERS)
    assert sentence in str(error.value)


def test_two_extensions_cannot_share_a_queue(folder):
    folder.app("ant")
    folder.app("bee", 'queue="ant", binding="bee.#"')
    with pytest.raises(ImproperlyConfigured, match=r"extensions/bee/apps.py declares the queue 'ant', which is taken"):
        own_apps.queues(**SHOP)


@pytest.mark.parametrize("text", ["import nothing_of_that_name", "def (", "x = 1", "raise SystemError('no')"])
def test_apps_without_a_declaration_are_named(folder, text):
    folder.app("ant", text=text)
    with pytest.raises(ImproperlyConfigured, match=r"extensions/ant/apps\.py"):
        own_apps.installed()


def test_an_unknown_name_says_what_there_is_and_how_to_create_it(folder, monkeypatch):
    folder.app("ant")
    folder.package("only_code")
    for name in ("bee", "only_code"):
        monkeypatch.setenv("CONVEYOR_EXTENSIONS", name)
        with pytest.raises(
            ImproperlyConfigured, match=rf"no extensions/{name}/apps.py. Found: ant. `manage.py startservice"
        ):
            own_apps.installed()
