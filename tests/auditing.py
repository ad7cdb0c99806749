"""What does the audit say now?"""

from messaging.invariants import audit


def broken() -> dict[str, str]:
    """What each broken invariant says, a line a violation, by the invariant's name."""
    lines: dict[str, list[str]] = {}
    for violation in audit():
        lines.setdefault(violation.invariant, []).append(violation.detail)
    return {name: "\n".join(details) for name, details in lines.items()}
