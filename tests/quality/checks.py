"""Page checks in the browser. Each returns its findings as sentences, or an empty list."""

from collections.abc import Mapping
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, Page

#: Cumulative Layout Shift, such as a tenth of the screen moving by a fifth of it.
MAX_SHIFT, OPERATORS_MAX_SHIFT = 0.02, 0.05
#: Bytes transferred for the home page.
MAX_TRANSFER = 300_000
NARROW, OPERATORS_NARROW = 320, 360
#: The sum over the page's life, an upper bound of the worst five-second window that Chrome reports.
_SHIFT = """() => new Promise(done => {
  let sum = 0;
  const observer = new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  });
  observer.observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 60);
})"""
_SCROLL_DOWN = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
    scrollTo(0, y);
    await new Promise(done => setTimeout(done, 30));
  }
  scrollTo(0, 0);
}"""
#: A button's colours fade when the scheme changes, and lack contrast half-way.
_TRANSITIONS_FINISHED = """() => Promise.allSettled(
  document.getAnimations().filter(one => one instanceof CSSTransition).map(one => one.finished)
)"""
#: The shop has no frames but Stripe's, which would be asked in vain: their origin is another.
_OPTIONS = {"resultTypes": ["violations"], "iframes": False}
_axe = Axe()


def axe_findings(page: Page, *, scheme: str) -> list[str]:
    """Violations of axe-core's rules, best practices included, in the light or dark scheme."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.evaluate(_TRANSITIONS_FINISHED)
    found = _axe.run(page, options=_OPTIONS).response
    return [_describe(violation) for violation in found["violations"]]


def _describe(violation: Mapping[str, Any]) -> str:
    first = violation["nodes"][0]
    where = " ".join(map(str, first["target"]))
    why = " ".join(first.get("failureSummary", "").split())
    return f"axe {violation['id']}: {violation['help']} ({len(violation['nodes'])} times; {where}: {why})"


def too_wide(page: Page, *, narrow: int = NARROW) -> list[str]:
    """Horizontal overflow on a phone `narrow` pixels wide. Leaves the page at that size."""
    page.set_viewport_size({"width": narrow, "height": 640})
    width = page.evaluate("document.documentElement.scrollWidth")
    return [f"{width} px wide on a screen of {narrow} px"] if width > narrow else []


def page_findings(page: Page) -> list[str]:
    """Accessibility findings in both schemes and horizontal overflow. Keeps the page's size."""
    findings = [finding for scheme in ("light", "dark") for finding in axe_findings(page, scheme=scheme)]
    size = page.viewport_size
    assert size is not None
    findings += too_wide(page, narrow=OPERATORS_NARROW)
    page.set_viewport_size(size)
    return findings


def layout_shift(page: Page) -> float:
    """The sum of all shifts so far, after scrolling through the page so that lazy images load."""
    page.evaluate(_SCROLL_DOWN)
    page.wait_for_load_state("load")
    return float(page.evaluate(_SHIFT))


def unsafe_policy(policy: str) -> list[str]:
    """Missing and forbidden parts of a Content-Security-Policy."""
    if "default-src 'self'" not in policy:
        return [f"the Content-Security-Policy lacks default-src 'self': {policy!r}"]
    return [f"the Content-Security-Policy allows {word}" for word in ("unsafe-inline", "unsafe-eval") if word in policy]


class Transfer:
    """Counts the bytes transferred for a page from its creation on."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        session: CDPSession = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._count)

    def _count(self, event: Mapping[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])
