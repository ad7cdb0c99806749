"""HTTP client for tests of running shops."""

import json as jsonlib
import urllib.error
import urllib.request
from typing import Any

from tests.patience import PATIENCE

#: Ignores proxies from the environment: the shop runs on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request(
    method: str,
    url: str,
    *,
    json: Any = None,
    data: bytes | None = None,
    headers: dict[str, str] | None = None,
    token: str | None = None,
    timeout: float = PATIENCE,
) -> tuple[int, Any]:
    """Status and body, decoded if it is JSON and text otherwise. Error statuses do not raise."""
    sent = {"Accept": "application/json", **(headers or {})}
    if json is not None:
        data = jsonlib.dumps(json).encode()
        sent.setdefault("Content-Type", "application/json")
    if token:
        sent["Authorization"] = f"Token {token}"
    prepared = urllib.request.Request(url, data=data, headers=sent, method=method)  # noqa: S310 - a local URL
    try:
        with _opener.open(prepared, timeout=timeout) as response:
            return response.status, _body(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _body(error)


def _body(response: Any) -> Any:
    text = response.read().decode(errors="replace")
    if "json" in response.headers.get("Content-Type", ""):
        return jsonlib.loads(text or "null")
    return text
