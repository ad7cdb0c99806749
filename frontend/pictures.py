"""Renders icons and the social card from `logo.svg` and `card.html`.

Run it with the development environment after changing either of them:
`CHROMIUM=/usr/bin/chromium .venv/bin/python frontend/pictures.py`
"""

import base64
import os
import struct
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "shop" / "static" / "shop"
COLOUR = "#3a23b8"
ICONS = {"apple-touch-icon.png": 180, "icon-192.png": 192, "icon-512.png": 512}


def icon(page: Page, size: int, background: str = COLOUR) -> bytes:
    """The logo on a square background; phones round the corners themselves."""
    source = base64.b64encode((STATIC / "logo.svg").read_bytes()).decode()
    page.set_viewport_size({"width": size, "height": size})
    page.set_content(
        f'<body style="margin:0;background:{background}"><img width="{size}" height="{size}" src="data:image/svg+xml;base64,{source}">'
    )
    return page.screenshot(omit_background=True)


def ico(png: bytes, size: int) -> bytes:
    """An .ico file that contains one PNG."""
    header = struct.pack("<HHH", 0, 1, 1)
    entry = struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(png), 22)
    return header + entry + png


def card(page: Page) -> bytes:
    page.set_viewport_size({"width": 1200, "height": 630})
    page.goto((HERE / "card.html").as_uri())
    page.evaluate("document.fonts.ready")
    shot = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 86})
    return base64.b64decode(shot["data"])


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox"])
        page = browser.new_page()
        for name, size in ICONS.items():
            (STATIC / name).write_bytes(icon(page, size))
        (STATIC / "favicon.ico").write_bytes(ico(icon(page, 32, "transparent"), 32))
        (STATIC / "social-card.webp").write_bytes(card(page))
        browser.close()


if __name__ == "__main__":
    main()
