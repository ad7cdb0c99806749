"""Spans of SQL statements: below the span that is recorded, without values."""

import pytest
from django.db import connections
from django.db.backends.signals import connection_created

from config.telemetry import sql_spans
from shop.models import Product


@pytest.fixture
def instrumented(memory, monkeypatch):
    monkeypatch.setattr(connection_created, "receivers", list(connection_created.receivers))
    connection = connections["default"]
    monkeypatch.setattr(connection, "execute_wrappers", [])
    sql_spans.instrument(memory.provider)
    for _ in range(2):
        connection_created.send(sender=type(connection), connection=connection)
    return memory


@pytest.mark.django_db
def test_a_statement_is_a_span_with_its_text_and_without_its_values(instrumented):
    with instrumented.tracer.start_as_current_span("request") as request:
        list(Product.objects.filter(sku="SECRET-1"))
    (statement,) = instrumented.spans("SELECT")
    assert statement.parent.span_id == request.get_span_context().span_id
    assert statement.attributes["db.system.name"] == connections["default"].vendor
    assert "shop_product" in statement.attributes["db.query.text"]
    assert "SECRET-1" not in statement.to_json()


@pytest.mark.django_db
def test_without_a_recorded_span_there_is_none(instrumented):
    list(Product.objects.filter(sku="A"))
    assert instrumented.spans() == []
