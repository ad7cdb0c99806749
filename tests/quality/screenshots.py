"""Screenshots of all pages: `make screenshots` writes docs/images/pages/*.webp and docs/screenshots.md.

`python -m tests.quality.screenshots [--pages home,basket]` retakes those of some pages.
"""

import argparse
import io
import sys
from collections.abc import Iterator, Sequence

from PIL import Image
from playwright.sync_api import Page

from tests.quality import audit_stack, operator_pages
from tests.quality.inspection import HEIGHTS, SCHEMES
from tests.quality.pages import EXAMPLES, Example
from tests.quality.scenario import Scenario
from tests.stack.program import PROJECT

FOLDER = PROJECT / "docs" / "images" / "pages"
GALLERY = PROJECT / "docs" / "screenshots.md"
#: WebP quality; small text blurs below it.
_QUALITY = 78
_WIDE, _PHONE, _OPERATORS_PHONE = 1280, 390, 360
_INTRODUCTION = """# Screenshots

Taken by `make screenshots` from the running demo shop, in light and dark, 1280 px wide and on a phone: 390 px for the
shop, 360 px for the operators' desk.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=lambda text: text.split(","), help="only these, such as home,basket")
    selected = parser.parse_args().pages
    gallery = [page for page in EXAMPLES if page.in_gallery] + list(operator_pages.OPERATOR_PAGES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with audit_stack.running_shop() as scenario:
        for example in gallery:
            if not selected or example.slug in selected:
                sys.stdout.write(f"{example.title}: {_take(scenario, example) // 1000} kB\n")
                sys.stdout.flush()
    _delete_others(gallery)
    GALLERY.write_text("\n".join(_render(gallery)))


def name(example: Example, *, width: int, scheme: str) -> str:
    return f"{example.slug}{'' if width == _WIDE else '-phone'}-{scheme}.webp"


def widths(example: Example) -> tuple[int, int]:
    return _WIDE, _OPERATORS_PHONE if example.is_for_operators else _PHONE


def _take(scenario: Scenario, example: Example) -> int:
    """Take the page's four screenshots; return their total size in bytes."""
    size = 0
    for width in widths(example):
        with scenario.page(example.visitor, viewport={"width": width, "height": HEIGHTS[width]}) as page:
            page.goto(scenario.url(example), wait_until="networkidle")
            prepare = operator_pages.preparation(example)
            if prepare:
                prepare(page)
            for scheme in SCHEMES:
                size += _capture(page, name(example, width=width, scheme=scheme), dark=scheme == "dark")
    return size


def _capture(page: Page, file: str, *, dark: bool) -> int:
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    picture.convert("RGB").save(FOLDER / file, quality=_QUALITY, method=6)
    return (FOLDER / file).stat().st_size


def _delete_others(gallery: Sequence[Example]) -> None:
    """Delete screenshots of pages that no longer exist."""
    kept = {name(page, width=width, scheme=scheme) for page in gallery for width in widths(page) for scheme in SCHEMES}
    for path in FOLDER.glob("*.webp"):
        if path.name not in kept:
            path.unlink()


def _render(gallery: Sequence[Example]) -> Iterator[str]:
    yield _INTRODUCTION
    for example in gallery:
        yield f"## {example.title}\n"
        for width in widths(example):
            shown = 410 if width == _WIDE else 200
            yield " ".join(_picture(example, width, scheme, shown) for scheme in SCHEMES)
        yield ""


def _picture(example: Example, width: int, scheme: str, shown: int) -> str:
    file = name(example, width=width, scheme=scheme)
    return f'<img src="images/pages/{file}" alt="{example.title}, {width} px wide, {scheme}" width="{shown}">'


if __name__ == "__main__":
    main()
