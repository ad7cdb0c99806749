"""The README's moving picture: an order meets a bug, its task fails, and a retry ships it.

`python -m tests.quality.film` records docs/images/film.webp from the running demo shop.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS
from tests.browser.steps import SHIPPED, fill_basket, fill_checkout, new_email, place_order, sign_in, status
from tests.patience import MILLISECONDS
from tests.quality.audit_stack import require_chromium
from tests.stack import standalone
from tests.stack.program import PROJECT
from tests.stack.stack import Stack

FILE = PROJECT / "docs" / "images" / "film.webp"
_VIEW = {"width": 1180, "height": 740}
_SHOWN = (885, 555)
_SECONDS = 1000  # a frame's time is in milliseconds

Shoot = Callable[[Page, float], None]


def main() -> None:
    frames: list[tuple[Image.Image, int]] = []

    def shoot(page: Page, seconds: float) -> None:
        page.evaluate("document.fonts.ready.then(() => true)")
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
        frames.append((picture.resize(_SHOWN, Image.Resampling.LANCZOS), int(seconds * _SECONDS)))

    path = require_chromium()
    with standalone.running("embedded") as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        play(stack, browser.new_page, shoot)
        browser.close()
    write(frames, FILE)
    sys.stdout.write(f"{FILE.relative_to(PROJECT)}: {len(frames)} pictures, {FILE.stat().st_size // 1000} kB\n")


def play(stack: Stack, new_page: Callable[..., Page], shoot: Shoot) -> None:
    shop, desk = (new_page(base_url=stack.url, viewport=_VIEW, reduced_motion="reduce") for _ in range(2))
    for page in (shop, desk):
        page.set_default_timeout(MILLISECONDS)
    shop.goto("/")
    shoot(shop, 1.5)
    fill_basket(shop)
    fill_checkout(shop, email=new_email(), method="pm_bug")
    shop.locator("input[value=pm_bug]").scroll_into_view_if_needed()
    shoot(shop, 2)
    number = place_order(shop)
    shoot(shop, 2)
    desk.goto("/account/login/?next=/admin/operations/failedtask/")
    sign_in(desk, name="operator")
    desk.get_by_role("link", name=number).first.wait_for()
    shoot(desk, 2)
    token = stack.token()
    found = stack.api("GET", f"failed-tasks/?subject={number}", token=token)[1]["results"]
    desk.goto(f"/admin/operations/failedtask/{found[0]['id']}/change/")
    shoot(desk, 3)
    stack.manage("demo", "fix-bug")
    desk.get_by_role("button", name="Retry task").click()
    desk.wait_for_load_state()
    shoot(desk, 2)
    expect(status(shop)).to_have_attribute("data-status", SHIPPED, timeout=MILLISECONDS)
    shoot(shop, 3)


def write(frames: list[tuple[Image.Image, int]], path: Path) -> None:
    pictures, times = zip(*frames, strict=True)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=times, loop=0, quality=72, method=6)


if __name__ == "__main__":
    main()
