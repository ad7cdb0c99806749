"""Masking of personal data in payloads, texts and log lines."""

import json
import logging
import re
import time
from typing import Any

import pytest

from messaging.operations.privacy import masking
from messaging.operations.privacy.masking import (
    HEAD,
    MASK,
    MAX_DEPTH,
    MAX_SIZE,
    TAIL,
    MaskingFormatter,
    mask,
    mask_text,
)


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


HOSTILE = {
    "letters": "a", "digits": "1", "hexadecimal": "0f", "at signs": "@", "local parts": "a@", "dots": ".",
    "labels": "a.", "domain": "a@a.a.a.",
    "quotes": "\"'", "spaces": " ", "digits and spaces": "1 ", "digits and hyphens": "1-", "plus signs": "+",
    "phones": "+1 ", "phone and spaces": "+1" + " " * 400,
    "base64": "aGVsbG8+/", "names": "aBcD", "underscores": "_", "accents": "é", "brackets": "[(",
    "mixed": "a1@.- +\"'é",
}  # fmt: skip


@pytest.mark.parametrize("before", ["", "@ "], ids=["alone", "behind an at sign"])
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_masking_takes_linear_time(piece, before):
    """Eight times the text takes about eight times as long; quadratic time would be sixty-four times.

    E-mail addresses are looked for only in a text with an at sign.
    """

    def seconds(length: int) -> float:
        text, times = (before + piece * length)[:length], []
        for _ in range(3):
            began = time.process_time()
            mask({text: text})
            times.append(time.process_time() - began)
        return min(times)

    assert seconds(16_000) < 30 * max(seconds(2000), 0.001)


def test_a_long_text_is_cut_in_the_middle_and_says_so():
    shown = mask_text("start " + "0f" * 30_000 + " end")
    assert shown.startswith("start ")
    assert shown.endswith(" end")
    assert "… 44,010 more characters …" in shown
    assert len(shown) < HEAD + TAIL + 100


@pytest.mark.parametrize("secret", ["ada.lovelace@example.com", "+41 79 123 45 67", "4242 4242 4242 4242"])
def test_a_cut_never_shows_a_part_of_what_is_masked(secret):
    for before in (*range(HEAD - 30, HEAD + 30), *range(HEAD + 470, HEAD + 510)):
        text = "x" * (before - 1) + " " + secret + " " + "y" * 40_000
        mirrored = "y" * 40_000 + " " + secret + " " + "x" * (before - 1 - HEAD + TAIL)
        for shown in (mask_text(text), mask_text(mirrored)):
            assert not set(re.findall(r"\w{2,}", secret)) & set(
                re.findall(r"[a-z]{3,}|\d{2,}", shown.replace("more", ""))
            )


def test_a_document_of_many_values_is_cut():
    shown = mask({"pages": list(range(200_000)), "last": 1})
    assert shown["pages"][-1].endswith(" more")
    assert shown["…"] == "1 more"
    assert len(json.dumps(shown)) < 3 * MAX_SIZE
    assert len(json.dumps(mask([{}] * 1_000_000))) < 10 * MAX_SIZE


def test_a_deeply_nested_document_is_cut():
    value: Any = "ada"
    for _ in range(900):
        value = [{"a": value}]
    assert json.dumps(mask(value)).count("[") == MAX_DEPTH // 2


def test_a_long_log_line_keeps_its_end():
    record = logging.LogRecord("x", logging.ERROR, "", 1, "refused %s ada@example.com", ("0f" * 60_000,), None)
    line = MaskingFormatter("%(message)s").format(record)
    assert line.endswith(f"{MASK}@{MASK}")
    assert len(line) < HEAD + TAIL + 100


def test_handlers_that_share_a_formatter_mask_a_line_once(monkeypatch):
    record = logging.LogRecord("x", logging.INFO, "", 1, "to ada@example.com", (), None)
    short, long = MaskingFormatter("%(message)s"), MaskingFormatter("%(levelname)s %(message)s")
    lines = [short.format(record), long.format(record)]
    assert lines == [f"to {MASK}@{MASK}", f"INFO to {MASK}@{MASK}"]
    monkeypatch.setattr(masking, "mask_text", lambda text: "again")
    assert long.format(record) == lines[1]
    assert short.format(record) == "again"
