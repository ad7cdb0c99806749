"""What is wrong with the page that the browser shows? Each check gives sentences, and none where all is well."""

from collections.abc import Mapping
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, Page

#: Cumulative Layout Shift; a tenth of a screen moved by a fifth of it.
MAX_SHIFT = 0.02
#: What the front page may cost, in bytes on the wire.
MAX_TRANSFER = 300_000
NARROW = 320
#: The sum over the page's life, which is never less than the worst window of five seconds that Chrome reports.
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
#: Colours that change with the scheme fade, where a button has a transition; half-way they have no contrast.
_COLOURS_RESTED = """() => Promise.allSettled(
  document.getAnimations().filter(one => one instanceof CSSTransition).map(one => one.finished)
)"""
_axe = Axe()


def axe_findings(page: Page, *, scheme: str) -> list[str]:
    """Every rule of axe-core, its best practices included, that the page breaks in the light or dark scheme."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.evaluate(_COLOURS_RESTED)
    found = _axe.run(page, options={"resultTypes": ["violations"]}).response
    return [_told(violation) for violation in found["violations"]]


def _told(violation: Mapping[str, Any]) -> str:
    first = violation["nodes"][0]
    where = " ".join(map(str, first["target"]))
    why = " ".join(first.get("failureSummary", "").split())
    return f"axe {violation['id']}: {violation['help']} ({len(violation['nodes'])} times; {where}: {why})"


def too_wide(page: Page) -> list[str]:
    """Does it scroll sideways on the smallest phone? Leaves the page at that size."""
    page.set_viewport_size({"width": NARROW, "height": 640})
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [f"{wide} px wide on a screen of {NARROW} px"] if wide > NARROW else []


def layout_shift(page: Page) -> float:
    """The sum of all shifts so far, those included that pictures cause which load when they are scrolled to."""
    page.evaluate(_SCROLL_DOWN)
    page.wait_for_load_state("load")
    return float(page.evaluate(_SHIFT))


def unsafe_policy(policy: str) -> list[str]:
    """What a Content-Security-Policy must have, and must not."""
    if "default-src 'self'" not in policy:
        return [f"the Content-Security-Policy does not begin with 'self': {policy!r}"]
    return [f"the Content-Security-Policy allows {word}" for word in ("unsafe-inline", "unsafe-eval") if word in policy]


class Transfer:
    """How many bytes came over the wire for a page? Counts from when it is made until it is asked."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        session: CDPSession = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._count)

    def _count(self, event: Mapping[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])
