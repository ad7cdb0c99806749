"""A payload that is nested too deep to be decoded: no relay sends it, and the desk shows that it cannot be read."""

import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from messaging.models import Message
from messaging.redaction import Redactor, redact
from tests.factories import client_with
from tests.messaging.operations.desk import dead, page_url

pytestmark = pytest.mark.django_db(transaction=True)
#: SQLite's own parser reads 1,000 levels, Python's as many less the stack.
LEVELS = 980
UNREADABLE = "nested too deep"


@pytest.fixture
def deep() -> Message:
    message = dead("CV-1")
    payload = '{"text": ' + "[" * LEVELS + '"Ada"' + "]" * LEVELS + "}"
    with connection.cursor() as cursor:
        pk = message.pk if connection.vendor == "postgresql" else message.pk.hex
        cursor.execute("UPDATE messaging_message SET payload = %s WHERE id = %s", [payload, pk])
    dead("CV-2")
    return message


@pytest.fixture
def operator() -> Client:
    return client_with("view_failedtask", "view_message", "reveal_payload", "edit_message", "retry_message")


def test_lists_and_exports_show_what_is_beside_it(deep, operator):
    for url in ("/admin/operations/failedtask/", "/admin/messaging/message/"):
        page = operator.get(url).content.decode()
        assert "CV-1" in page
        assert "CV-2" in page
    exported = json.loads(b"".join(operator.get("/admin/operations/failedtask/export/?format=json")))
    assert {row["subject"] for row in exported} == {"CV-1", "CV-2"}
    assert {"unreadable": UNREADABLE} in [row["payload"] for row in exported]


def test_an_erasure_removes_it_whole(deep):
    """It cannot be searched for names."""
    redact(subjects=["CV-1"], redactor=Redactor({"Ada"}))
    with connection.cursor() as cursor:
        cursor.execute("SELECT payload FROM messaging_message WHERE subject = 'CV-1'")
        (stored,) = cursor.fetchone()
    assert "Ada" not in str(stored)
    assert UNREADABLE in str(stored)


def test_its_own_pages_say_that_it_cannot_be_read(deep, operator, capsys):
    for url in (page_url(deep), reverse("admin:messaging_message_change", args=[deep.pk])):
        assert UNREADABLE in operator.get(url).content.decode()
    assert UNREADABLE in operator.post(page_url(deep, "reveal"), {"reason": "why"}).content.decode()
    call_command("dlq", "show", str(deep.pk))
    assert UNREADABLE in capsys.readouterr().out
