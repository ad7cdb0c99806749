"""Are all pages as good as they must be? `make audit-pages`, or `python -m tests.quality.audit [--pages home,basket]`.

Exit code 1 with a list when something is to mend. A run over all pages writes docs/quality.md.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

from tests.quality import checks, lighthouse, report, theatre
from tests.quality.inspection import Inspection, inspect
from tests.quality.lighthouse import BARS, Scores
from tests.quality.pages import EXAMPLES, Example
from tests.quality.stage import Stage


def main() -> None:
    options = _options()
    chosen = [page for page in EXAMPLES if not options.pages or page.slug in options.pages]
    if options.runs and not lighthouse.PROGRAM.exists():
        sys.exit("Lighthouse is not there; `make audit-pages` installs it with npm.")
    with theatre.opened() as stage:
        inspections = [_inspected(stage, page) for page in chosen]
        scores = {page: _rated(stage, page, options.runs) for page in chosen if page.scored and options.runs}
        heading = _heading(stage, scores)
    faults = [f"{done.example.title}: {fault}" for done in inspections for fault in done.faults]
    faults += [f"{page.title}: {fault}" for page, rated in scores.items() for fault in _below(page, rated)]
    if options.runs and not options.pages:
        report.write(report.told(heading=heading, scores=scores, inspections=inspections, faults=faults))
    _say("\n".join(["", f"{len(faults)} to mend" if faults else "Nothing to mend", *faults]))
    sys.exit(1 if faults else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=lambda text: text.split(","), help="only these, such as home,basket")
    parser.add_argument("--runs", type=int, default=3, help="of Lighthouse for each page; 0 leaves it out")
    return parser.parse_args()


def _inspected(stage: Stage, page: Example) -> Inspection:
    _say(f"looking at {page.title} ...", end=" ")
    done = inspect(stage, page)
    _say(f"{len(done.faults)} to mend" if done.faults else "nothing to mend")
    return done


def _rated(stage: Stage, page: Example, runs: int) -> Scores:
    _say(f"Lighthouse on {page.title} ...", end=" ")
    where = theatre.chromium()
    rated = lighthouse.rate(stage.url(page), cookies=stage.cookies(page.visitor), chromium=where, runs=runs)
    _say(", ".join(f"{name} {score}" for name, score in rated.of.items()) + f" (runs: {rated.runs})")
    return rated


def _below(page: Example, rated: Scores) -> Iterator[str]:
    for name, bar in BARS.items():
        if rated.of[name] < bar and (name != "seo" or page.found):
            yield f"{name} {rated.of[name]}, below {bar}: {'; '.join(rated.lost[name])}"
    if rated.shift >= checks.MAX_SHIFT:
        yield f"layout shift {rated.shift:.3f}, not below {checks.MAX_SHIFT}"
    if page.view == "home" and rated.transfer >= checks.MAX_TRANSFER:
        yield f"{rated.transfer:,} bytes came over the wire, not below {checks.MAX_TRANSFER:,}"


def _heading(stage: Stage, scores: dict[Example, Scores]) -> str:
    lighthouse_version = next((rated.version for rated in scores.values()), "left out")
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Lighthouse {lighthouse_version}, Chromium {stage.browser.version}, "
        f"axe-core of axe-playwright-python {version('axe-playwright-python')}."
    )


def _say(text: str, *, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
