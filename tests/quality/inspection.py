"""What is there to mend on a page, at each width, in light and dark?"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from playwright.sync_api import Page, Response

from tests.browser.complaints import Complaints
from tests.quality import checks
from tests.quality.pages import Example
from tests.quality.stage import Stage

HEIGHTS = {1280: 900, 390: 844, 360: 780}
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


@dataclass
class Inspection:
    """`shift` is the worst of all widths, `transfer` the most, in bytes; `faults` are told in sentences."""

    example: Example
    shift: float = 0.0
    transfer: int = 0
    faults: list[str] = field(default_factory=list)


def inspect(stage: Stage, example: Example, *, widths: Sequence[int] = WIDTHS) -> Inspection:
    """Loads the page once for each width, and looks at it in both schemes and at the narrowest width."""
    done = Inspection(example)
    for width in widths:
        with stage.page(example.visitor, viewport={"width": width, "height": HEIGHTS[width]}) as page:
            _look(page, stage.url(example), done)
    if done.shift >= checks.MAX_SHIFT:
        done.faults.append(f"things move while it loads: {done.shift:.3f}, not below {checks.MAX_SHIFT}")
    if example.view == "home" and done.transfer >= checks.MAX_TRANSFER:
        done.faults.append(f"{done.transfer:,} bytes came over the wire, not below {checks.MAX_TRANSFER:,}")
    return done


def _look(page: Page, url: str, done: Inspection) -> None:
    complaints, transfer = Complaints(), checks.Transfer(page)
    complaints.listen_to(page)
    response = page.goto(url, wait_until="load")
    assert response is not None
    done.faults += _answer_faults(response, done.example)
    done.shift = max(done.shift, checks.layout_shift(page))
    done.transfer = max(done.transfer, transfer.bytes)
    # Before axe, whose own attempts to load things are complained of too.
    done.faults += [complaint for complaint in complaints if not _expected(complaint, url, done.example)]
    size = page.viewport_size
    for scheme in SCHEMES:
        found = checks.axe_findings(page, scheme=scheme)
        done.faults += [f"{size['width'] if size else ''} px, {scheme}: {fault}" for fault in found]
    done.faults += checks.too_wide(page)


def _answer_faults(response: Response, example: Example) -> list[str]:
    wrong = [f"answered with {response.status}"] if response.status != example.status else []
    return wrong + checks.unsafe_policy(response.header_value("content-security-policy") or "")


def _expected(complaint: str, url: str, example: Example) -> bool:
    """The browser calls it an error when a page that tells of an error says so in its status."""
    return example.status >= 400 and url in complaint
