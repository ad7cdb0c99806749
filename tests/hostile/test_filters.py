"""Every filter of the desk and its API, as the views declare them: any bytes are refused or find something.

The parameters come from the lists' filters and from the API's schema, so that a new filter is covered by itself.
"""

import functools
from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from knox.models import AuthToken

from tests.hostile.addresses import routes
from tests.hostile.requests import ANSWERS, FUZZ, TIMEOUT, Sender
from tests.hostile.scene import Known, root
from tests.hostile.values import TEXTS

pytestmark = [pytest.mark.django_db, TIMEOUT]
admin.autodiscover()
#: Values as they stand in an address: bytes that are not UTF-8, half a surrogate pair, numbers beyond any column.
RAW = (
    "%00", "a%00b", "%FF%FE", "%C0%80", "%ED%A0%80", "%E2%28%A1", "%", "%zz", "%u0000", "+", "%0D%0AX:1",
    "1" + "0" * 400, "-1", "-0", "1e999", "9" * 5000, "a" * 9000, "2147483648", "9223372036854775808", "NaN", "",
    "0001-01-01", "9999-12-31", "2026-02-30", "payload.a=%00", "%F0%9F%92%A5", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
PAGES = [f"/{route}" for route in routes(below="admin/") if "<" not in route]
COMMON = ("q", "p", "o", "all", "e", "page", "format", "since", "until", "group", "queue", "_changelist_filters")
SUFFIXES = ("", "", "", "[]", "[0]", "__in", "__gte", "__exact", "__isnull")
EXAMPLES = settings(
    max_examples=60 * FUZZ, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def list_parameters(page: Any, request: Any) -> set[str]:
    """The parameters that a list's own filters expect."""
    request.user = root()
    specs = page.get_changelist_instance(request).get_filters(request)[0]
    return {str(name) for spec in specs for name in spec.expected_parameters()}


@functools.cache
def all_lists() -> dict[str, set[str]]:
    lists = {}
    for model, page in admin.site._registry.items():
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        has_rows = hasattr(page, "list_filter") and page.list_filter
        lists[path] = list_parameters(page, RequestFactory().get(path)) if has_rows else set()
    return lists


@functools.cache
def api_lists() -> dict[str, set[str]]:
    lists = {}
    for path, methods in SchemaGenerator().get_schema(request=None, public=True)["paths"].items():
        if "get" in methods and "{" not in path:
            parameters = methods["get"].get("parameters", [])
            lists[path] = {each["name"] for each in parameters if each["in"] == "query"}
    return lists


def queries(names: set[str]) -> st.SearchStrategy[str]:
    """One to four parameters, some of them twice, some as an array; values raw or percent-encoded."""
    from urllib.parse import quote

    name = st.sampled_from(sorted(names | set(COMMON)))
    key = st.tuples(name, st.sampled_from(SUFFIXES)).map("".join)
    odd = st.text(max_size=40).map(lambda text: quote(text, safe="", errors="surrogatepass"))
    value = st.sampled_from(RAW) | st.sampled_from(TEXTS).map(lambda text: quote(text, safe="")) | odd
    pair = st.tuples(key, value).map("=".join)
    pairs = st.lists(pair, min_size=1, max_size=3)
    return pairs.flatmap(lambda some: st.sampled_from(["&".join(some), "&".join([*some, some[0]])]))


def test_the_parameters_are_those_that_the_views_declare(known: Known):
    lists = all_lists()
    assert {"is", "age", "from", "to", "queue", "task", "error_type", "group"} <= lists["/admin/operations/failedtask/"]
    assert {"is", "queue"} <= lists["/admin/operations/failuregroup/"]
    assert "needs_attention" in lists["/admin/shipping/shipment/"]
    assert any({"queue", "error", "subject"} <= names for names in api_lists().values())
    assert "/admin/operations/queues/live/" in PAGES


@EXAMPLES
@given(data=st.data())
def test_lists_of_the_desk_answer_any_bytes_in_a_filter(known: Known, data: st.DataObject):
    lists = all_lists()
    path = data.draw(st.sampled_from(sorted(lists)))
    response = _get(Sender(root()), path, data.draw(queries(lists[path])))
    assert response.status_code in ANSWERS


@EXAMPLES
@given(data=st.data())
def test_pages_and_partials_of_the_desk_answer_any_bytes_in_a_query(known: Known, data: st.DataObject):
    names = set().union(*all_lists().values())
    response = _get(Sender(root()), data.draw(st.sampled_from(PAGES)), data.draw(queries(names)))
    assert response.status_code in ANSWERS


@EXAMPLES
@given(data=st.data())
def test_lists_of_the_api_answer_any_bytes_in_a_query(known: Known, data: st.DataObject):
    path = data.draw(st.sampled_from(sorted(api_lists())))
    sender = Sender(Authorization=f"Token {AuthToken.objects.create(root())[1]}")
    response = _get(sender, path, data.draw(queries(api_lists()[path])))
    assert response.status_code in ANSWERS
    if response.status_code >= 400 and path.startswith("/api/v1/"):
        assert response["Content-Type"].startswith("application/problem+json")


def _get(sender: Sender, path: str, query: str) -> Any:
    """The query is sent as it is: a client that encoded it would make it valid."""
    return sender.send("GET", path, QUERY_STRING=query)
