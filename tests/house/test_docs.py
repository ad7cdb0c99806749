"""Commands in the documentation: each exists, and so do its options."""

import re
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

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
