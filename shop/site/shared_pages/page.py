"""A rendered page with gaps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from shop.site.shared_pages.request import SharedRequest


@dataclass(frozen=True, slots=True)
class Page:
    """Texts and, between each two of them, the name of the piece that goes there. `digest` identifies all of it."""

    texts: list[str]
    names: list[str]
    digest: str

    @classmethod
    def of(cls, content: str, request: SharedRequest) -> "Page":
        parts = re.split(request.gaps, content)
        digest = blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()
        return cls(texts=parts[::2], names=parts[1::2], digest=digest)

    def filled(self, pieces: Mapping[str, str]) -> str:
        parts = [""] * (len(self.texts) + len(self.names))
        parts[::2] = self.texts
        parts[1::2] = [pieces[name] for name in self.names]
        return "".join(parts)
