"""Audit of all pages: `make audit-pages`, or `python -m tests.quality.audit [--pages home,basket]`.

Exits with 1 and a list if there are findings. A run over all pages writes docs/explanation/quality.md.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

from tests.quality import audit_stack, checks, lighthouse, report
from tests.quality.desk_pages import DESK_PAGES
from tests.quality.inspection import Inspection, inspect
from tests.quality.lighthouse import BARS, Scores
from tests.quality.operator_pages import OPERATOR_PAGES
from tests.quality.pages import EXAMPLES, Example
from tests.quality.scenario import Scenario


def main() -> None:
    options = _options()
    every = (*EXAMPLES, *OPERATOR_PAGES, *DESK_PAGES)
    selected = [page for page in every if not options.pages or page.slug in options.pages]
    if options.runs and not lighthouse.PROGRAM.exists():
        sys.exit("Lighthouse is not installed; `make audit-pages` installs it with npm.")
    with audit_stack.running_shop() as scenario:
        inspections = [_inspect(scenario, page) for page in selected]
        scores = {page: _rate(scenario, page, options.runs) for page in selected if page.rated and options.runs}
        heading = _heading(scenario, scores)
    findings = [f"{done.example.title}: {finding}" for done in inspections for finding in done.findings]
    findings += [f"{page.title}: {finding}" for page, rated in scores.items() for finding in _below_bar(page, rated)]
    if options.runs and not options.pages:
        report.write(report.render(heading=heading, scores=scores, inspections=inspections, findings=findings))
    _print("\n".join(["", f"{len(findings)} findings" if findings else "No findings", *findings]))
    sys.exit(1 if findings else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=lambda text: text.split(","), help="only these, such as home,basket")
    parser.add_argument("--runs", type=int, default=3, help="Lighthouse runs per page; 0 skips Lighthouse")
    return parser.parse_args()


def _inspect(scenario: Scenario, page: Example) -> Inspection:
    _print(f"Inspecting {page.title} ...", end=" ")
    done = inspect(scenario, page)
    _print(f"{len(done.findings)} findings" if done.findings else "no findings")
    return done


def _rate(scenario: Scenario, page: Example, runs: int) -> Scores:
    _print(f"Running Lighthouse on {page.title} ...", end=" ")
    rated = lighthouse.rate(
        scenario.url(page), cookies=scenario.cookies(page.visitor), chromium=audit_stack.require_chromium(), runs=runs
    )
    _print(", ".join(f"{name} {score}" for name, score in rated.of.items()) + f" (runs: {rated.runs})")
    return rated


def _below_bar(page: Example, rated: Scores) -> Iterator[str]:
    for name, bar in BARS.items():
        if rated.of[name] < bar and (name != "seo" or page.indexed):
            yield f"{name} {rated.of[name]}, below {bar}: {'; '.join(rated.lost[name])}"
    if rated.shift >= checks.MAX_SHIFT:
        yield f"layout shift {rated.shift:.3f}, limit {checks.MAX_SHIFT}"
    if page.view == "home" and rated.transfer >= checks.MAX_TRANSFER:
        yield f"{rated.transfer:,} bytes transferred, limit {checks.MAX_TRANSFER:,}"


def _heading(scenario: Scenario, scores: dict[Example, Scores]) -> str:
    used = next((rated.version for rated in scores.values()), "skipped")
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Lighthouse {used}, Chromium {scenario.browser.version}, "
        f"axe-core of axe-playwright-python {version('axe-playwright-python')}."
    )


def _print(text: str, *, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
