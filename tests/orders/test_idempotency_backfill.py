"""Backfill of when idempotency keys expire: those of clients, batch by batch; those of imports stay for ever."""

import importlib
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection

from orders.models import IdempotencyKey
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
backfill = importlib.import_module("orders.migrations.0007_idempotency_backfill")


def test_keys_of_clients_expire_and_those_of_imports_do_not(monkeypatch):
    monkeypatch.setattr(backfill, "ROWS", 2)
    order = place()
    clients = ["guest", "replay", "web:1", "user:1", "demo"]
    IdempotencyKey.objects.bulk_create(
        [IdempotencyKey(client=client, key="k", digest="", order=order) for client in clients]
    )
    with connection.schema_editor(atomic=False) as editor:
        backfill.expire(apps, editor)
    expires = {row.client: row.expires_at and row.expires_at - row.created_at for row in IdempotencyKey.objects.all()}
    days = timedelta(days=90)
    assert expires == {"guest": days, "replay": None, "web:1": days, "user:1": days, "demo": None}
