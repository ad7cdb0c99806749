"""What does the audit say now?"""

from messaging.invariants import audit


def broken() -> dict[str, str]:
    """The detail of each broken invariant, by the invariant's name."""
    return {violation.invariant: violation.detail for violation in audit()}
