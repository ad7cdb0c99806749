"""Redaction: secrets are found in every spelling, as whole words only."""

import json

import pytest

from messaging.redaction import REMOVED, Redactor

NAME = "Zoë O'Hara <b>"


@pytest.mark.parametrize(
    "written",
    [
        NAME,
        NAME.upper(),
        json.dumps(NAME),
        repr(NAME),
        ascii(NAME),
        "Zoë O&#x27;Hara &lt;b&gt;",
        "Zo%C3%AB%20O%27Hara%20%3Cb%3E",
    ],
)
def test_a_secret_is_found_in_every_spelling(written):
    redactor = Redactor([NAME])
    assert redactor.matches(written)
    assert redactor.matches(f"at {written}.".encode())
    assert "Hara" not in redactor.text(f"at {written}.")
    assert redactor.text(f"at {written}.").startswith("at ")


def test_only_whole_words_count():
    redactor = Redactor(["Bern", "paid"])
    assert redactor.text("Bern, Bernoulli, mark_paid, paid") == f"{REMOVED}, Bernoulli, mark_paid, {REMOVED}"


def test_the_longer_secret_goes_first():
    assert Redactor(["Ada", "Ada King"]).text("Ada King") == REMOVED


def test_json_keeps_its_shape():
    value = {"to": ["ada@x.org", 1, None, True, {"ada@x.org": 2.5}]}
    assert Redactor(["ada@x.org"]).json(value) == {"to": [REMOVED, 1, None, True, {REMOVED: 2.5}]}


@pytest.mark.parametrize("secrets", [[], ["", "  "]])
def test_without_secrets_nothing_changes(secrets):
    redactor = Redactor(secrets)
    assert redactor.text("all") == "all"
    assert not redactor.matches(b"all")
