"""`manage.py startservice`: refused names and failures leave nothing; what it writes is used by tests/guides."""

import ast
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from shop.scaffolding import services


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    settings.BASE_DIR = tmp_path
    (tmp_path / "extensions").mkdir()
    return tmp_path / "extensions"


def refusal(name: str) -> str:
    with pytest.raises(CommandError) as error:
        call_command("startservice", name)
    return str(error.value)


def test_it_lists_what_it_wrote_and_what_comes_next(folder, capsys):
    call_command("startservice", "gift_cards")
    text = capsys.readouterr().out
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {line.partition("extensions/")[2] for line in text.splitlines() if line.startswith("created ")}
    assert "manage.py migrate" in text
    assert [path.name for path in folder.iterdir()] == ["gift_cards"], "no temporary folder is left"


def test_the_files_name_the_service_and_are_valid(folder):
    call_command("startservice", "gift_cards")
    for path in (folder / "gift_cards").rglob("*.py"):
        ast.parse(path.read_text())
    apps = (folder / "gift_cards/apps.py").read_text()
    assert 'class GiftCardsConfig(AppConfig):\n    name = "extensions.gift_cards"' in apps
    assert 'Service(queue="gift_cards", binding="gift_cards.#", views=("view_entry",))' in apps
    (schema,) = (folder / "gift_cards/tests/schemas").iterdir()
    assert json.loads(schema.read_text())["task"] == "gift_cards.record_order"
    assert "$" not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "name", ["Loyalty", "loyalty-points", "2fast", "", "a.b", "../up", "class", "ö", "x" * 41, "a__b", "gifts_"]
)
def test_a_malformed_name_is_refused(folder, name):
    assert "is not a valid service name. Use lowercase letters" in refusal(name)
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("conftest", "the name is reserved"),
        ("shop", "an app of that name is installed (shop)"),
        ("operations", "an app of that name is installed (messaging.operations)"),
        ("notifications", "a queue has that name"),
        ("payment", "routing keys payment.# lead to the queue payments"),
        ("basket", "/basket/ is a page of the shop"),
        ("none", "the name is reserved"),
        ("static", "the name is reserved"),
    ],
)
def test_a_taken_name_is_refused_with_what_has_it(folder, name, reason):
    assert refusal(name) == f"{name!r} is taken: {reason}. Choose another name."
    assert not list(folder.iterdir())


def test_an_existing_folder_is_kept(folder):
    (folder / "loyalty").mkdir()
    (folder / "loyalty/mine.py").write_text("mine")
    assert "exists already" in refusal("loyalty")
    assert [path.name for path in (folder / "loyalty").iterdir()] == ["mine.py"]


def test_a_failure_half_way_leaves_nothing(folder, monkeypatch, tmp_path):
    template = tmp_path / "template"
    template.mkdir()
    (template / "apps.py.tpl").write_text("fine")
    (template / "broken.py.tpl").mkdir()  # cannot be read as a file
    monkeypatch.setattr(services, "_TEMPLATE", template)
    assert "The service was not written to" in refusal("loyalty")
    assert not list(folder.iterdir())


def test_a_missing_folder_is_named(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    assert f"The service was not written to {tmp_path}/extensions" in refusal("loyalty")
