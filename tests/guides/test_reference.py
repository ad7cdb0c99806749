"""docs/reference: commands have the options that their page names, and the API takes the requests that its page has."""

import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.test import Client

from tests.factories import ProductFactory, UserFactory
from tests.guides.pages import blocks
from tests.stack.program import PROJECT

PAGE = (PROJECT / "docs/reference/commands.md").read_text()
SECTIONS = dict(re.findall(r"^## manage\.py (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
OF_DJANGO = set(BaseCommand().create_parser("manage.py", "any")._option_string_actions)
CURLS = [block for block in blocks("reference/http-api.md") if block.startswith("curl ")]
BODY = re.compile(r"curl -X POST http://localhost:8000(\S+) .*?-d '(.*)'", re.DOTALL)


@pytest.mark.parametrize("command", SECTIONS)
def test_a_command_has_the_options_that_its_reference_names_and_no_others(command):
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    named = set(re.findall(r"--[a-z][a-z-]*", SECTIONS[command]))
    assert named - OF_DJANGO == set(_options(parser))


def _options(parser: ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for each in action.choices.values():
                yield from _options(each)
        yield from (name for name in action.option_strings if name.startswith("--") and name not in OF_DJANGO)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("curl", "status"), [*zip(CURLS, (201, 200), strict=True)])
def test_the_api_takes_a_request_of_its_reference(curl, status):
    operator = UserFactory.create(username="operator", is_staff=True)
    operator.set_password("operator")
    operator.save()
    path, body = BODY.search(curl).groups()
    body = body.replace("<sku from GET products/>", ProductFactory.create().sku)
    answer = Client().post(path, body, content_type="application/json")
    assert answer.status_code == status, answer.content


@pytest.mark.parametrize("curl", CURLS)
def test_a_request_needs_no_program_that_a_shop_does_not(curl):
    substituted = re.findall(r"\$\((\S+)", curl)
    assert all(program == "python3" for program in substituted)
