"""The Compose file: the specification's schema, every declared process, and settings with which the shop starts."""

import re

import pytest

from tests.deploy.files import assert_settings_are_complete, declared, documents, example, schema, violations

SHOP_IMAGE = "conveyor:"
#: `${NAME}`, `${NAME:-default}`, `${NAME:?}`.
VARIABLE = re.compile(r"\$\{(\w+)(?::[-?]([^}]*))?\}")
SECONDS = {"s": 1, "m": 60}


@pytest.fixture(scope="module")
def compose():
    return documents("compose.yaml")[0]


@pytest.fixture(scope="module")
def shop(compose):
    return {name: one for name, one in compose["services"].items() if one["image"].startswith(SHOP_IMAGE)}


def test_the_file_fits_the_specification(compose):
    assert violations(compose, schema=schema("compose.json")) == []
    misspelled = compose | {"services": {"web": compose["services"]["web"] | {"helthcheck": {}}}}
    assert violations(misspelled, schema=schema("compose.json")) != []


def test_every_declared_process_is_a_service_and_no_other_is(shop, monkeypatch):
    commands = {name: one["command"][0] for name, one in shop.items() if "entrypoint" not in one}
    assert commands == {name: name for name in declared(monkeypatch)}


def test_a_process_gets_the_time_that_it_needs_to_stop(shop, monkeypatch):
    for name, process in declared(monkeypatch).items():
        grace = shop[name]["stop_grace_period"]
        assert int(grace[:-1]) * SECONDS[grace[-1]] > process.stop_seconds, name


def test_processes_start_after_the_migrations_without_rights_on_a_read_only_file_system(shop):
    for name, one in shop.items():
        assert one["read_only"], name
        assert one["tmpfs"] == ["/tmp"], name  # noqa: S108 - a folder of the container
        assert one["cap_drop"] == ["ALL"], name
        if name != "migrate":
            assert one["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}, name


def test_only_the_web_has_the_health_check_of_the_image(shop):
    assert [name for name, one in shop.items() if "healthcheck" not in one] == ["web"]
    assert all(one["healthcheck"] == {"disable": True} for name, one in shop.items() if name != "web")


def test_servers_have_a_health_check(compose):
    for name in ("postgres", "rabbitmq", "cache", "prometheus"):
        assert "test" in compose["services"][name]["healthcheck"], name


def test_the_shop_starts_with_its_settings(shop, tmp_path):
    given = {name: value for name, value in example().items() if not name.endswith("_URL") or name == "EMAIL_URL"}

    def filled(value: str) -> str:
        return VARIABLE.sub(lambda found: given.get(found[1], found[2]), value)

    variables = given | {name: filled(value) for name, value in shop["web"]["environment"].items()}
    assert "$" not in "".join(variables.values())
    assert_settings_are_complete(variables | {"HOST": "0.0.0.0"}, var=tmp_path)  # noqa: S104 - as in the image
