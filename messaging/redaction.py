"""How are words found and taken out of text, JSON and bytes, however they were written down there?"""

import html
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

REMOVED = "[removed]"


class Redactor:
    """Takes `secrets` out of whatever it is given. A secret counts as a whole word only, in large or small letters."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {way for secret in secrets if secret.strip() for way in _spellings(secret.strip())}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_whole, longest_first)), re.IGNORECASE) if spellings else None

    def text(self, text: str) -> str:
        return self._pattern.sub(REMOVED, text) if self._pattern else text

    def json(self, value: Any) -> Any:
        """Also the keys of objects; numbers and the like stay what they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.json(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.json(item) for item in value]
        return value

    def finds_in(self, value: str | bytes) -> bool:
        text = value.decode(errors="replace") if isinstance(value, bytes) else value
        return bool(self._pattern and self._pattern.search(text))


def _spellings(secret: str) -> set[str]:
    """As it is, and as JSON, Python, HTML and addresses write it."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        ascii(secret)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        quote(secret),
        quote(secret, safe=""),
    }


def _whole(word: str) -> str:
    before = r"(?<!\w)" if word[0].isalnum() else ""
    after = r"(?!\w)" if word[-1].isalnum() else ""
    return before + re.escape(word) + after
