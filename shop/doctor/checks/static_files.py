"""Static files: collected, and those of this release."""

from collections.abc import Iterator

from shop.doctor.findings import Finding, and_more
from shop.health.deployment import COLLECT, uncollected_files


def collected() -> Iterator[Finding]:
    if missing := uncollected_files():
        sentence = f"The static file {missing[0]}{and_more(missing)} is not collected, or not since it changed."
        yield Finding("static-files", sentence, COLLECT)
