"""What do the pages look like? `make screenshots` makes docs/images/pages/*.webp and docs/screenshots.md anew.

`python -m tests.quality.screenshots [--pages home,basket]` makes those of some pages again.
"""

import argparse
import io
import sys
from collections.abc import Iterator, Sequence

from PIL import Image
from playwright.sync_api import Page

from tests.quality import desk, theatre
from tests.quality.inspection import HEIGHTS, SCHEMES
from tests.quality.pages import EXAMPLES, Example, Visitor
from tests.quality.stage import Stage
from tests.stack.program import PROJECT

FOLDER = PROJECT / "docs" / "images" / "pages"
GALLERY = PROJECT / "docs" / "screenshots.md"
#: WebP's own scale; below it, small text begins to blur.
_QUALITY = 78
_WIDE, _PHONE, _OPERATORS_PHONE = 1280, 390, 360
_INTRODUCTION = """# What the pages look like

Made by `make screenshots` from the running demo shop, in light and dark, on a screen of 1280 px and a phone: 390 px for
the shop, 360 px for the operators' desk.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=lambda text: text.split(","), help="only these, such as home,basket")
    wanted = parser.parse_args().pages
    gallery = [page for page in EXAMPLES if page.seen] + list(desk.DESK)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with theatre.opened() as stage:
        for example in gallery:
            if not wanted or example.slug in wanted:
                sys.stdout.write(f"{example.title}: {_taken(stage, example) // 1000} kB\n")
                sys.stdout.flush()
    _forget_others(gallery)
    GALLERY.write_text("\n".join(_told(gallery)))


def name(example: Example, *, width: int, scheme: str) -> str:
    return f"{example.slug}{'' if width == _WIDE else '-phone'}-{scheme}.webp"


def widths(example: Example) -> tuple[int, int]:
    return _WIDE, _OPERATORS_PHONE if example.visitor is Visitor.OPERATOR else _PHONE


def _taken(stage: Stage, example: Example) -> int:
    """Takes its four pictures; how many bytes they have."""
    size = 0
    for width in widths(example):
        with stage.page(example.visitor, viewport={"width": width, "height": HEIGHTS[width]}) as page:
            page.goto(stage.url(example), wait_until="networkidle")
            act = desk.steps(example)
            if act:
                act(page)
            for scheme in SCHEMES:
                size += _shot(page, name(example, width=width, scheme=scheme), dark=scheme == "dark")
    return size


def _shot(page: Page, file: str, *, dark: bool) -> int:
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    picture.convert("RGB").save(FOLDER / file, quality=_QUALITY, method=6)
    return (FOLDER / file).stat().st_size


def _forget_others(gallery: Sequence[Example]) -> None:
    """Pictures of pages that are no more."""
    kept = {name(page, width=width, scheme=scheme) for page in gallery for width in widths(page) for scheme in SCHEMES}
    for path in FOLDER.glob("*.webp"):
        if path.name not in kept:
            path.unlink()


def _told(gallery: Sequence[Example]) -> Iterator[str]:
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
