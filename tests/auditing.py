"""The audit's findings, for assertions."""

from messaging.invariants import audit


def broken() -> dict[str, str]:
    """Details of each broken invariant by its name, one line per violation."""
    lines: dict[str, list[str]] = {}
    for violation in audit():
        lines.setdefault(violation.invariant, []).append(violation.detail)
    return {name: "\n".join(details) for name, details in lines.items()}
