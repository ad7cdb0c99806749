"""The forms in a page, as a script would find them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Form:
    """`values` has the names of the fields in their order, each with the values that the page offers."""

    method: str
    action: str
    values: dict[str, list[str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("method", "get").upper(), given.get("action", "")))
        elif tag == "option" and self.select and self.forms:
            self.forms[-1].values[self.select].append(given.get("value", ""))
        elif tag in {"input", "select", "textarea", "button"} and given.get("name") and self.forms:
            values = self.forms[-1].values.setdefault(given["name"], [])
            values += [given["value"]] if "value" in given else []
            self.select = given["name"] if tag == "select" else ""


def forms_of(page: Any) -> list[Form]:
    reader = _Reader()
    if not page.streaming and page.get("Content-Type", "").startswith("text/html"):
        reader.feed(page.content.decode())
    return reader.forms
