"""What the tests of shared pages read: a page, its token, its statements, and the cache."""

import pickle
import re
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def text(client: Client, path: str = "/", **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def stored() -> list[Any]:
    """Everything in the cache of this process."""
    entries = cache._cache.values()  # type: ignore[attr-defined]
    return [pickle.loads(entry) for entry in entries]  # noqa: S301 - our own


def token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    return found[1]


def statements(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured]
