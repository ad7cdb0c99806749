"""Errors below /api/ are problem documents, never tracebacks."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client
from rest_framework.exceptions import Throttled

from messaging.operations.api import problems
from orders.models import Order
from shop.api import products
from tests.api.client import ROOT, operator, order_body, problem

pytestmark = pytest.mark.django_db
TOO_LARGE = "The request is larger than 1024 KiB."


def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v2/", "/api/v1/", "/api/v1/nothing/", "/api/v1/orders/a/b/c/", "/api/%00"]
)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
def test_an_unknown_url_is_not_found(method, path):
    assert problem(getattr(client(), method)(path), 404)["detail"] == "No resource at this URL."


@pytest.mark.parametrize("path", ["/products/", "/products/LAMP/", "/queues/", "/failed-tasks/"])
def test_a_query_of_too_many_parameters_is_refused(path):
    headers = {"Authorization": f"Token {operator()}"}
    answer = client().get(f"{ROOT}{path}?{'&'.join(['a=1'] * 1001)}", headers=headers)
    assert "Nothing was changed" in problem(answer, 400)["detail"]


def test_a_missing_slash_redirects_reads_and_is_explained_for_writes():
    moved = client().get(f"{ROOT}/products?page=2")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/api/v1/products/?page=2")
    assert "/api/v1/orders/" in problem(client().post(f"{ROOT}/orders"), 404)["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", "/orders/", "POST, OPTIONS"),
        ("delete", "/products/", "GET, HEAD, OPTIONS"),
        ("put", "/auth/token/", "POST, DELETE, OPTIONS"),
        ("get", "/auth/token/", "POST, DELETE, OPTIONS"),
    ],
)
def test_an_unsupported_method_lists_the_allowed_ones(method, path, allowed):
    answer = getattr(client(), method)(ROOT + path)
    assert f'"{method.upper()}" not allowed' in problem(answer, 405)["detail"]
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"]
)
def test_only_json_is_read(kind):
    assert kind in problem(client().post(f"{ROOT}/orders/", b"a=1", content_type=kind), 415)["detail"]
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"", b"{'a': 1}", b"\xff\xfe", b'{"email": "\xff"}', b"[" * 100_000, b"NaN", b'{"a": Infinity}', b"\x00",
        b"1" * 5000, b'{"a":1}{"b":2}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("charset", ["", "; charset=utf-16", "; charset=zlib", "; charset=nonsense"])
def test_invalid_json_is_rejected(body, charset):
    problem(client().generic("POST", f"{ROOT}/orders/", body, content_type=f"application/json{charset}"), 400)
    assert not Order.objects.exists()


def test_json_is_utf_8_whatever_the_charset_says():
    body = json.dumps(order_body("NO-SUCH")).encode()
    answer = client().generic("POST", f"{ROOT}/orders/", body, content_type="application/json; charset=utf-16")
    assert "NO-SUCH" in answer.content.decode()


def test_only_json_is_returned():
    answer = client().get(f"{ROOT}/products/", headers={"Accept": "application/xml"})
    assert "Accept header" in problem(answer, 406)["detail"]


def test_a_bug_is_reported_without_traceback_and_logged_with_it(monkeypatch, caplog):
    def broken(*args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(products, "read", broken)
    answer = client().get(f"{ROOT}/products/")
    assert problem(answer, 500)["type"] == "urn:conveyor:problem:unexpected"
    assert b"secret" not in answer.content
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    ("error", "status"), [(Http404(), 404), (PermissionDenied(), 403), (Throttled(wait=30), 429), (KeyError("x"), 500)]
)
def test_errors_from_anywhere_become_problems(error, status):
    answer = problems.exception_handler(error, {})
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("30" if status == 429 else None)


def test_nested_errors_are_flattened():
    nested = {"lines": [{}, {"sku": ["a", "b"]}], "address": {"city": ["c"]}, "non_field_errors": ["d"]}
    assert problems.flatten(nested) == {"lines.1.sku": ["a", "b"], "address.city": ["c"], "body": ["d"]}


def test_a_body_above_the_limit_is_rejected_before_it_is_read():
    for path in ("/orders/", "/nothing/", "/failed-tasks/"):
        answer = client().post(ROOT + path, b"x" * (1024 * 1024 + 1), content_type="application/json")
        assert problem(answer, 413)["detail"] == TOO_LARGE


def test_a_length_of_thousands_of_digits_is_rejected():
    answer = client().generic("POST", f"{ROOT}/orders/", b"{}", CONTENT_LENGTH="9" * 5000)
    assert problem(answer, 413)["detail"] == TOO_LARGE


def test_a_body_at_the_limit_is_read():
    answer = client().post(f"{ROOT}/orders/", b" " * (1024 * 1024), content_type="application/json")
    assert "JSON parse error" in problem(answer, 400)["detail"]


def test_a_body_of_unknown_length_is_rejected():
    answer = client().generic("POST", f"{ROOT}/orders/", b"", headers={"Transfer-Encoding": "chunked"})
    assert "Content-Length" in problem(answer, 413)["detail"]


def test_a_page_request_is_rejected_in_plain_text():
    answer = client().post("/basket/add/", b"x" * (1024 * 1024 + 1), content_type="text/plain")
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_an_unknown_host_is_a_problem_document():
    answer = client().get(f"{ROOT}/products/", headers={"Host": "evil.example"})
    assert problem(answer, 400)["detail"] == "The request is invalid. Nothing was changed."


def test_a_problem_within_a_permission_check_keeps_its_shape():
    answer = client().get(f"{ROOT}/failed-tasks/x/", headers={"Authorization": f"Token {operator()}"})
    assert problem(answer, 404)["type"] == "urn:conveyor:problem:not-found"
