"""OpenAPI schema: valid, complete, with limits."""

import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema

from shop.api import inputs
from tests.api.client import ROOT

pytestmark = pytest.mark.django_db


def schema() -> dict:
    return Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()


def test_the_schema_is_valid_and_lists_every_path():
    document = schema()
    validate_schema(document)
    assert set(document["paths"]) == {
        f"{ROOT}{path}"
        for path in (
            "/products/", "/products/{sku}/",
            "/orders/", "/orders/{public_id}/", "/orders/{public_id}/cancel/", "/orders/{public_id}/pay/",
            "/orders/{public_id}/refunds/", "/orders/{public_id}/returns/",
            "/auth/token/", "/circuits/", "/circuits/{name}/probe/",
            "/failed-tasks/", "/failed-tasks/{message_id}/",
            "/failed-tasks/{message_id}/retry/", "/failed-tasks/{message_id}/discard/",
            "/failed-tasks/{message_id}/restore/", "/failed-tasks/{message_id}/edit/",
            "/failed-tasks/{message_id}/release/",
            "/failed-tasks/{message_id}/reveal/", "/failed-tasks/{message_id}/dry-run/",
            "/failure-groups/", "/failure-groups/{group_id}/",
            "/failure-groups/{group_id}/acknowledge/", "/failure-groups/{group_id}/resolve/",
            "/queues/", "/queues/{name}/pause/", "/queues/{name}/resume/",
            "/bulk-retries/", "/bulk-retries/{operation_id}/", "/bulk-retries/{operation_id}/items/",
            "/bulk-retries/{operation_id}/start/", "/bulk-retries/{operation_id}/pause/",
            "/bulk-retries/{operation_id}/resume/", "/bulk-retries/{operation_id}/cancel/",
        )
    }  # fmt: skip


def test_the_schema_states_the_limits():
    parts = schema()["components"]["schemas"]
    quantity = parts["OrderLineIn"]["properties"]["quantity"]
    assert (quantity["minimum"], quantity["maximum"]) == (1, inputs.MAX_QUANTITY)
    assert parts["OrderIn"]["properties"]["lines"]["type"] == "array"


def test_the_documentation_page_has_no_inline_script_or_style():
    page = Client().get("/api/docs/").content.decode()
    assert "<style" not in page
    assert "<script>" not in page
    script = Client().get("/api/docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert b"/api/schema/" in script.content
