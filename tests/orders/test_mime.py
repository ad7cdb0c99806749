"""The MIME message of an e-mail is Django's, but for its boundary."""

import re
from email import message_from_bytes
from email.policy import default
from typing import Any

import django
import pytest
from django.core.mail import EmailMultiAlternatives

from orders.emails.mime import Email

SUBJECTS = ("Short", "Grüße aus Bern", "A subject of many words " * 8, "Ein Betreff mit Ümläuten " * 8)
BODIES = ("Plain\n", "Grüße\n.\n..\nFrom Bern\n", f"{'ü' * 600} a long line\n")
ADDRESSES = ("ann@shop.example", "Zoë Müller <zoe@shop.example>")


def made(kind: type[EmailMultiAlternatives], **fields: str) -> Any:
    headers = {"Message-ID": "<1@shop.example>", "Date": "Thu, 26 Nov 2026 13:00:00 -0000"}
    email = kind(fields["subject"], fields["body"], "Shop <shop@shop.example>", [fields["to"]], headers=headers)
    email.attach_alternative(f"<p>{fields['body']}</p>", "text/html")
    return email


def sent(email: EmailMultiAlternatives, linesep: str) -> bytes:
    """As a backend writes it: Django 6.0 takes the policy where 5.2 takes the line break."""
    if django.VERSION < (6, 0):
        mime: Any = email.message()
        return bytes(mime.as_bytes(linesep=linesep))
    return bytes(email.message(policy=default.clone(linesep=linesep)).as_bytes())


def without_boundary(raw: bytes, linesep: bytes) -> bytes:
    boundary = message_from_bytes(raw).get_boundary() or ""
    unfolded = raw.replace(b";" + linesep + b" boundary", b"; boundary")
    return unfolded.replace(boundary.encode(), b"boundary")


@pytest.mark.parametrize("linesep", ["\n", "\r\n"])
@pytest.mark.parametrize("to", ADDRESSES)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_its_bytes_are_those_of_django(subject: str, body: str, to: str, linesep: str):
    both = [made(kind, subject=subject, body=body, to=to) for kind in (Email, EmailMultiAlternatives)]
    ours, djangos = (without_boundary(sent(email, linesep), linesep.encode()) for email in both)
    assert ours == djangos
    if linesep == "\r\n":
        assert not re.search(rb"[^\r]\n", ours), "a mail server may refuse a bare line feed"


def test_each_email_has_a_boundary_of_its_own():
    email = made(Email, subject="Short", body="Plain", to="ann@shop.example")
    assert email.message().get_boundary() != email.message().get_boundary()


def test_its_boundary_fits_on_one_line():
    raw = made(Email, subject="Short", body="Plain", to="ann@shop.example").message().as_bytes()
    head, _, _ = raw.partition(b"\n\n")
    assert max(map(len, head.splitlines())) <= 78


def test_a_line_break_in_a_header_is_refused():
    with pytest.raises(ValueError, match=r"newline|linefeed"):
        made(Email, subject="Hello\nBcc: eve@shop.example", body="Plain", to="ann@shop.example").message()
