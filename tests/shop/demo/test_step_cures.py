"""Next steps in the demo name what ends a scripted failure; outside demo mode they are the declared ones."""

import pytest

from messaging.hooks import next_steps
from messaging.hooks.next_steps import recorded_name, step_for
from shop.demo.step_cures import CURES, register_cures
from shop.management.commands import demo

ERRORS = sorted(error if isinstance(error, str) else recorded_name(error) for error in CURES)


@pytest.fixture
def declared(monkeypatch):
    """The steps as the apps declare them, without the cures."""
    plain = dict(next_steps._STEPS)
    for error, cure in CURES.items():
        advice = str(plain[error].advice).removesuffix(f" {cure}")
        plain[error] = next_steps.NextStep(plain[error].meaning, advice, plain[error].action)
    monkeypatch.setattr(next_steps, "_STEPS", plain)


@pytest.mark.parametrize("error", ERRORS)
def test_the_demo_says_what_ends_a_scripted_failure(error):
    assert step_for(error).text.count("In the demo, ") == 1


@pytest.mark.parametrize("error", ERRORS)
def test_outside_demo_mode_the_declared_step_stays_as_it_is(declared, settings, error):
    settings.CONVEYOR_DEMO = False
    before = step_for(error)
    register_cures()
    assert step_for(error) == before
    assert "In the demo" not in before.text


@pytest.mark.parametrize("error", ERRORS)
def test_a_cure_follows_the_declared_step_and_keeps_its_action(declared, settings, error):
    settings.CONVEYOR_DEMO, before = True, step_for(error)
    register_cures()
    after = step_for(error)
    assert after.text.startswith(f"{before.text} In the demo, ")
    assert after.action == before.action


def test_the_cures_name_commands_that_exist():
    named = {str(cure).partition("`manage.py demo ")[2].partition("`")[0] for cure in CURES.values()}
    assert named == {"end-outage", "fix-bug"}
    assert named <= demo._CURES.keys()
