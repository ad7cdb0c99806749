"""Masking of personal data in payloads, texts and log lines."""

import logging

import pytest

from messaging.operations.privacy.masking import MASK, MaskingFormatter, mask, mask_text


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ({"email": "ada@example.com"}, {"email": MASK}),
        ({"billingAddress": {"line1": "Main St 1", "floor": 3}}, {"billingAddress": {"line1": MASK, "floor": MASK}}),
        ({"full_name": "Ada", "names": ["x"]}, {"full_name": MASK, "names": ["x"]}),
        ({"phone": 41791234567}, {"phone": MASK}),
        ({"note": "call +41 79 123 45 67 or ada@example.com"}, {"note": f"call {MASK} or {MASK}@{MASK}"}),
        ({"card_ok": True, "email": "", "name": None}, {"card_ok": True, "email": "", "name": None}),
        ({"ada@example.com": 1}, {f"{MASK}@{MASK}": 1}),
        (["4242 4242 4242 4242", "4242424242424243"], [MASK, "4242424242424243"]),
    ],
)
def test_personal_data_is_masked_by_field_name_and_by_pattern(given, masked):
    assert mask(given) == masked


def test_other_data_is_kept():
    payload = {"order": "CV-17", "payment_id": "01a20db0-93b6-76a4-a7eb-044c283422e2", "amount": 1999, "ok": None}
    assert mask(payload) == payload


def test_log_lines_and_their_tracebacks_are_masked():
    try:
        raise ValueError("no mailbox ada@example.com")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "to %s", ("bob@example.com",), None)
        record.exc_info = (ValueError, error, error.__traceback__)
    line = MaskingFormatter("%(message)s").format(record)
    assert "bob@" not in line
    assert "ada@" not in line
    assert "no mailbox" in line


def test_all_matches_in_one_text_are_masked():
    assert "@example" not in mask_text("a@example.com,b@example.com;<c@example.co.uk>")
