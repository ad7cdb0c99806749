"""The documentation beside the code: commands, options, variables with their defaults, tasks and permissions."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_permission_codename
from django.core.management import get_commands, load_command_class

from config.celery import app
from config.processes import WORKERS
from shop.office.staff import GROUPS, OPERATORS
from tests.stack.program import PROJECT

PAGES = sorted(
    [*(PROJECT / "docs").rglob("*.md"), *PROJECT.glob("*.md"), PROJECT / "messaging" / "README.md"],
    key=lambda page: page.relative_to(PROJECT),
)
#: Blocks and spans of code; a changelog's older entries name commands of their time.
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
MANAGE = re.compile(r"manage\.py[ ]+(?P<name>[a-z_]+)(?P<rest>(?:[^\n`|;&]|\\\n)*)")
MAKE = re.compile(r"(?:^|[`\s])make (?P<target>[a-z-]+)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def code(page: Path) -> str:
    return "\n".join(CODE.findall(page.read_text()))


@cache
def options(name: str) -> frozenset[str]:
    """Options of a command and of its subcommands."""
    owner = get_commands()[name]
    command = load_command_class(owner, name) if isinstance(owner, str) else owner
    parsers = [command.create_parser("manage.py", name)]
    found: set[str] = set()
    while parsers:
        parser = parsers.pop()
        for action in parser._actions:
            found.update(action.option_strings)
            choices = action.choices
            parsers += choices.values() if isinstance(choices, dict) else []
    return frozenset(found)


def unknown_in(text: str) -> list[str]:
    known, targets = get_commands(), re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    found = [f"make {one['target']}" for one in MAKE.finditer(text) if one["target"] not in targets]
    for one in MANAGE.finditer(text):
        if one["name"] not in known:
            found.append(f"manage.py {one['name']}")
        else:
            wrong = set(OPTION.findall(one["rest"])) - options(one["name"])
            found += [f"manage.py {one['name']} {option}" for option in sorted(wrong)]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_command_of_the_documentation_exists_with_its_options(page: Path):
    assert unknown_in(code(page)) == []


def test_unknown_commands_and_options_are_found():
    text = "```\nmanage.py fly --high\nmake coffee\nmanage.py audit --jsonn --json\nmake test\n```"
    assert unknown_in("\n".join(CODE.findall(text))) == ["make coffee", "manage.py fly", "manage.py audit --jsonn"]


READERS = {"text", "flag", "integer", "number", "choice", "demo_choice", "needed", "secrets_by_name"}
SETTING = re.compile(
    r"^\| (?P<names>`[A-Z_]+`(?:, `[A-Z_]+`)*) \| (?P<default>[^|]*) \| (?P<meaning>.*) \|$", re.MULTILINE
)
RANGE = re.compile(r"(?<![\w.,])(\d[\d,.]*) to (\d[\d,]*)")


def variables() -> dict[str, ast.Call]:
    """The call that reads each environment variable, by name; one in the settings rather than one elsewhere."""
    found: dict[str, ast.Call] = {}
    for file in sorted([*(PROJECT / "config").rglob("*.py"), *(PROJECT / "extensions" / "webhooks").glob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr=reader) | ast.Name(id=reader), args=[ast.Constant(value=str(name)), *_]
                ):
                    if reader in READERS and name.isupper():
                        found[name] = node
    return found


def documented() -> dict[str, tuple[str, str]]:
    """Default and meaning of each variable in the reference, by name."""
    page = (PROJECT / "docs" / "reference" / "configuration.md").read_text()
    rows = SETTING.finditer(page.partition("## Settings without a variable")[0])
    return {name: (row["default"], row["meaning"]) for row in rows for name in re.findall(r"[A-Z_]+", row["names"])}


def number_of(call: ast.Call, keyword: str) -> float | None:
    for one in call.keywords:
        if one.arg == keyword and isinstance(one.value, ast.Constant) and isinstance(one.value.value, int | float):
            return float(one.value.value)
    return None


def test_the_reference_has_every_variable_with_its_default_and_its_range():
    known, wrong = documented(), []
    for name, call in variables().items():
        default, meaning = known.get(name, ("", ""))
        if name not in known:
            wrong.append(f"{name} is missing")
        elif (value := number_of(call, "default")) is not None and f"`{value:g}`" not in default.replace(",", ""):
            wrong.append(f"{name} is {value:g} by default, not {default}")
        bounds = number_of(call, "minimum"), number_of(call, "maximum")
        stated = [tuple(float(one.replace(",", "")) for one in pair) for pair in RANGE.findall(meaning)]
        if None not in bounds and stated and bounds not in stated:
            wrong.append(f"{name} is from {bounds[0]:g} to {bounds[1]:g}, not {stated}")
    assert wrong == []


def test_the_reference_has_every_variable_of_the_tests():
    """`TEST_EXTENSIONS` is set by the tests themselves."""
    read = re.compile(r"""environ(?:\.get\(|\[)"((?:UPDATE_|TEST_|CONVEYOR_|KILLS|CHROMIUM)[A-Z_]*)\"""")
    found = {name for file in (PROJECT / "tests").rglob("*.py") for name in read.findall(file.read_text())}
    assert len(found) > 8
    assert found - documented().keys() == {"TEST_EXTENSIONS"}


NAME = re.compile(r"`((?:messaging|operations|orders|payments|shipping|shop)\.[a-z]+_[a-z_]+)`")


VERBS = ("add", "change", "delete", "view")


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Tasks, permissions and signals."""
    app.loader.import_default_modules()
    every = [model._meta for model in apps.get_models()]
    permissions = {f"{one.app_label}.{name}" for one in every for name, _text in one.permissions}
    permissions |= {f"{one.app_label}.{get_permission_codename(verb, one)}" for one in every for verb in VERBS}
    signals = {
        f"{label}.{name}" for label in ("messaging", "orders") for name in vars(import_module(f"{label}.signals"))
    }
    return {*app.tasks, *permissions, *signals}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_task_permission_and_signal_of_the_documentation_exists(page: Path, names: set[str]):
    assert {name for name in NAME.findall(page.read_text()) if page.name != "CHANGELOG.md"} <= names


def rows(page: str, *, of: str) -> Iterator[list[str]]:
    """The cells of the tables below a heading of a reference."""
    text = (PROJECT / "docs" / "reference" / f"{page}.md").read_text().partition(f"## {of}\n")[2]
    for line in text.partition("\n## ")[0].splitlines():
        if line.startswith("| `"):
            yield [cell.strip(" `") for cell in line.strip("|").split(" |")]


def test_the_topology_names_the_shops_queues_and_the_slots_of_their_workers():
    stated = {queue: cells for queue, *cells in rows("topology", of="Exchange and queues")}
    for queue, binding in settings.MESSAGING["queues"].items():
        assert stated[queue][:2] == [binding, f"{queue}.dead"]
    for queues, slots in WORKERS.values():
        assert stated[queues.split(",")[0]][2].startswith(f"{slots} process")


def test_the_topology_names_every_periodic_task():
    stated = {task for task, *_rest in rows("topology", of="Periodic tasks") if not task.startswith("webhooks")}
    assert stated == {entry["task"] for entry in settings.CELERY["beat_schedule"].values()}


def test_every_permission_that_a_model_declares_is_in_the_reference():
    page = (PROJECT / "docs" / "reference" / "permissions.md").read_text()
    declared = {
        f"{one.app_label}.{name}" for one in [model._meta for model in apps.get_models()] for name, _ in one.permissions
    }
    assert {name for name in declared if f"`{name}`" not in page} == set()


def test_operators_may_do_everything_in_the_reference_but_what_is_for_superusers():
    page = (PROJECT / "docs" / "reference" / "permissions.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `") and "superusers only at first" not in line]
    named = {name for row in rows for name in re.findall(r"`([a-z]+\.[a-z_]+)`", row.split(" | ")[0])}
    assert len(named) > 20
    assert {name for name in named if not name.startswith("webhooks.")} - {*GROUPS[OPERATORS]} == set()


def test_the_reference_has_every_target_of_make_and_every_command_of_the_project():
    page = (PROJECT / "docs" / "reference" / "commands.md").read_text()
    targets = re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    ours = [
        name for name, owner in get_commands().items() if str(owner).split(".")[0] in {"messaging", "shop", "config"}
    ]
    wanted = [*(f"make {target}" for target in targets), *(f"manage.py {name}" for name in ours)]
    assert [name for name in wanted if not re.search(rf"{re.escape(name)}\b", page)] == []


def test_the_architecture_has_every_package_of_the_shop_and_of_the_engine():
    page = (PROJECT / "docs" / "explanation" / "architecture.md").read_text()
    (row,) = re.findall(r"^\| \[`shop/`\].*", page, re.MULTILINE)
    engine = page.partition("```\nmessaging/\n")[2].partition("```")[0]
    missing = [f"shop.{name}" for name in packages("shop") if f"`{name}`" not in row]
    missing += [f"messaging.{name}" for name in packages("messaging") if f"  {name}/" not in engine]
    assert missing == []


def packages(app: str) -> list[str]:
    """Its packages but Django's own kinds."""
    folders = {path.parent.name for path in (PROJECT / app).glob("*/__init__.py")}
    return sorted(folders - {"management", "migrations", "models", "templatetags"})


def test_make_bench_runs_what_the_performance_page_lists():
    page = (PROJECT / "docs" / "explanation" / "performance.md").read_text()
    listed = re.findall(r"^\| `python (bench/\S+\.py)", page, re.MULTILINE)
    (patterns,) = re.findall(r"for script in (.*); do", (PROJECT / "Makefile").read_text())
    run = [str(path.relative_to(PROJECT)) for pattern in patterns.split() for path in PROJECT.glob(pattern)]
    assert sorted(run) == sorted(listed)
