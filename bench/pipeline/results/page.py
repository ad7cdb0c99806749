"""Writes results into docs/explanation/performance.md, between markers, and pictures beside it."""

from pathlib import Path

from bench.pipeline.environment import PROJECT

PAGE = PROJECT / "docs" / "explanation" / "performance.md"
IMAGES = PROJECT / "docs" / "images"


class NoMarkers(LookupError):
    """The page has no place for this part."""


def insert(page: str, *, part: str, text: str) -> str:
    """`page` with `text` between the markers of `part`. Raises `NoMarkers`."""
    opening, closing = f"<!-- bench-pipeline {part} -->\n", f"<!-- /bench-pipeline {part} -->\n"
    before, found, rest = page.partition(opening)
    _old, closed, after = rest.partition(closing)
    if not found or not closed:
        raise NoMarkers(f"{opening.strip()} and {closing.strip()} are not both in the page")
    return f"{before}{opening}{text.strip()}\n{closing}{after}"


def write(*, part: str, text: str, pictures: dict[str, str]) -> None:
    """Replace the section of `part`, and the pictures by name."""
    PAGE.write_text(insert(PAGE.read_text(), part=part, text=text))
    for name, picture in pictures.items():
        _path(name).write_text(picture)


def link(name: str, text: str) -> str:
    """Markdown of a picture, as seen from the page."""
    return f"![{text}](../images/{_path(name).name})"


def _path(name: str) -> Path:
    return IMAGES / f"pipeline-{name}.svg"
