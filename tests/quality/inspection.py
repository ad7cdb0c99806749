"""Inspection of one page at several widths, in light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from playwright.sync_api import Page, Response

from tests.browser.browser_errors import BrowserErrors
from tests.quality import checks
from tests.quality.pages import Example
from tests.quality.scenario import Scenario

HEIGHTS = {1280: 900, 390: 844, 360: 780}
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


@dataclass
class Inspection:
    """`shift` and `transfer` (bytes) are the maximum over all widths; `findings` are sentences."""

    example: Example
    shift: float = 0.0
    transfer: int = 0
    findings: list[str] = field(default_factory=list)


def inspect(scenario: Scenario, example: Example, *, widths: Sequence[int] = WIDTHS) -> Inspection:
    """Load the page once per width; check it in both schemes, and for overflow at the narrowest width."""
    done = Inspection(example)
    for width in widths:
        with scenario.page(example.visitor, viewport={"width": width, "height": HEIGHTS[width]}) as page:
            _check(page, scenario.url(example), done)
    limit = checks.OPERATORS_MAX_SHIFT if example.is_for_operators else checks.MAX_SHIFT
    if done.shift >= limit:
        done.findings.append(f"layout shift {done.shift:.3f}, limit {limit}")
    if example.view == "home" and done.transfer >= checks.MAX_TRANSFER:
        done.findings.append(f"{done.transfer:,} bytes transferred, limit {checks.MAX_TRANSFER:,}")
    return done


def _check(page: Page, url: str, done: Inspection) -> None:
    errors, transfer = BrowserErrors(), checks.Transfer(page)
    errors.listen_to(page)
    response = page.goto(url, wait_until="load")
    assert response is not None
    done.findings += _response_findings(response, done.example)
    done.shift = max(done.shift, checks.layout_shift(page))
    done.transfer = max(done.transfer, transfer.bytes)
    # Before axe, whose own requests cause errors, too.
    done.findings += [error for error in errors if not _is_expected(error, url, done.example)]
    size = page.viewport_size
    for scheme in SCHEMES:
        found = checks.axe_findings(page, scheme=scheme)
        done.findings += [f"{size['width'] if size else ''} px, {scheme}: {finding}" for finding in found]
    narrow = checks.OPERATORS_NARROW if done.example.is_for_operators else checks.NARROW
    done.findings += checks.too_wide(page, narrow=narrow)


def _response_findings(response: Response, example: Example) -> list[str]:
    wrong = [f"status {response.status}, expected {example.status}"] if response.status != example.status else []
    return wrong + checks.unsafe_policy(response.header_value("content-security-policy") or "")


def _is_expected(error: str, url: str, example: Example) -> bool:
    """Browsers report the status of an error page as an error of its own."""
    return example.status >= 400 and url in error
