"""How does a test speak to the shop over HTTP, as a client outside would?"""

import json as jsonlib
import urllib.error
import urllib.request
from typing import Any

#: Never through a proxy that the environment names: the shop is on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request(
    method: str,
    url: str,
    *,
    json: Any = None,
    data: bytes | None = None,
    headers: dict[str, str] | None = None,
    token: str | None = None,
    timeout: float = 30.0,
) -> tuple[int, Any]:
    """The status and the body: decoded where it is JSON, otherwise its text. No status raises."""
    sent = {"Accept": "application/json", **(headers or {})}
    if json is not None:
        data = jsonlib.dumps(json).encode()
        sent.setdefault("Content-Type", "application/json")
    if token:
        sent["Authorization"] = f"Token {token}"
    asked = urllib.request.Request(url, data=data, headers=sent, method=method)  # noqa: S310 - our own address
    try:
        with _opener.open(asked, timeout=timeout) as answer:
            return answer.status, _body(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _body(error)


def _body(answer: Any) -> Any:
    text = answer.read().decode(errors="replace")
    if "json" in answer.headers.get("Content-Type", ""):
        return jsonlib.loads(text or "null")
    return text
