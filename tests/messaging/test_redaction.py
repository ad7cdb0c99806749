"""Redaction: secrets are found in every spelling, as whole words only."""

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging import redaction
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


@settings(deadline=None, database=None)
@given(
    secrets=st.lists(
        st.text(st.sampled_from("aAkK\u212asſ\u0131İéß_-. &\\\u0301"), min_size=1, max_size=6), max_size=5
    ),
    text=st.text(st.sampled_from("aAkK\u212asſi\u0131İéß_-. &\\\u0301"), max_size=30),
)
def test_a_choice_of_secrets_by_their_words_misses_none(secrets, text):
    every = {spelling for secret in secrets if secret.strip() for spelling in redaction._spellings(secret.strip())}
    longest_first = sorted(every, key=lambda spelling: (-len(spelling), spelling))
    pattern = re.compile("|".join(map(redaction._whole_word, longest_first)), re.IGNORECASE)
    wanted = pattern.sub(REMOVED, text) if every else text
    assert Redactor(secrets).text(text) == wanted


def test_thousands_of_secrets_are_looked_for_in_thousands_of_texts():
    """Those of a shopper with as many addresses, in the messages about them; each against each took minutes."""
    redactor = Redactor([f"Ada Lovelace, {number} Street" for number in range(10_000)])
    texts = [f"Order {number} of ada lovelace, {number} street was sent" for number in range(4_000)]
    began = time.process_time()
    found = [redactor.text(text) for text in texts]
    assert time.process_time() - began < 12
    assert found == [f"Order {number} of {REMOVED} was sent" for number in range(4_000)]
