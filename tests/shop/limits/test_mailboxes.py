"""One mailbox, however its address is spelled."""

import pytest

from shop.limits.mailboxes import mailbox


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("ada@example.com", "ada@example.com"),
        (" ADA@Example.COM ", "ada@example.com"),
        ("ada+shop+2@example.com", "ada@example.com"),
        ("a.d.a@example.com", "ada@example.com"),
        ('"ada"@example.com', "ada@example.com"),
        ('"a\\da"@example.com', "ada@example.com"),
        ("s\u212aip\u017f@example.com", "skips@example.com"),  # the Kelvin sign and the long s
        ("ada@ｅxample.com", "ada@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@" + "a" * 70 + ".example", "ada@" + "a" * 70 + ".example"),
        ("ada@..", "ada@.."),
        ("a@b@example.com", "a@b@example.com"),
        ("", ""),
        ("nobody", ""),
        ("@example.com", ""),
        ("\ud800@\ud800", "\ud800@\ud800"),
    ],
)
def test_addresses_of_one_mailbox_are_one(email: str, expected: str):
    assert mailbox(email) == expected
