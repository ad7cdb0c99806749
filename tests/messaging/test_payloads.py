"""Payloads: validation, versions and lifts."""

import pytest

from messaging.payloads import Payload, PayloadInvalid, SchemaTooNew, payload_for
from tests.messaging.samples import Sample, Versioned


def test_a_payload_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Sample(text="a").text = "b"


@pytest.mark.parametrize("data", [{}, {"text": 1}, {"text": "a", "extra": 1}, {"text": None}])
def test_invalid_data_is_refused_naming_the_field(data):
    with pytest.raises(PayloadInvalid, match=r"text|extra"):
        Sample.load(data, version=1)


def test_an_error_does_not_quote_the_value():
    with pytest.raises(PayloadInvalid) as caught:
        Sample.load({"text": "a", "secret": "4242424242424242"}, version=1)
    assert "4242" not in str(caught.value)


def test_old_data_is_lifted_step_by_step():
    assert Versioned.load({"name": "Ada"}, version=1).full_name == "Ada"
    assert Versioned.load({"first": "Ada", "last": "Lovelace"}, version=2).full_name == "Ada Lovelace"


def test_old_data_that_cannot_be_lifted_is_refused():
    with pytest.raises(PayloadInvalid, match="lifted from schema version 1"):
        Versioned.load({}, version=1)


def test_a_newer_version_is_not_an_invalid_payload():
    with pytest.raises(SchemaTooNew, match="version 4; this worker knows 3"):
        Versioned.load({"anything": 1}, version=4)


def test_a_version_without_its_lift_is_refused():
    with pytest.raises(TypeError, match=r"no lift from \[1\]"):

        class Missing(Payload, task="tests.missing", routing_key="maintenance.missing", version=2):
            pass


def test_two_payloads_for_one_task_are_refused():
    with pytest.raises(TypeError, match="two payloads"):

        class Other(Payload, task="tests.sample", routing_key="maintenance.other"):
            pass


def test_a_payload_is_found_by_its_task():
    assert payload_for("tests.sample") is Sample
    assert payload_for("tests.nothing") is None
