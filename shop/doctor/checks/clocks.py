"""Clocks: this machine's beside a server's."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from shop.doctor.findings import Finding

#: Signatures of webhooks allow minutes, times on pages need none: a clock that is set by NTP is within a second.
TOLERANCE = timedelta(seconds=5)


def differs(theirs: datetime, *, before: datetime, after: datetime, whose: str) -> Iterator[Finding]:
    """`theirs` was read between `before` and `after` of this machine's clock, however long that took."""
    ahead, behind = before - theirs, theirs - after
    if max(ahead, behind) <= TOLERANCE:
        return
    seconds, word = (ahead, "ahead of") if ahead > behind else (behind, "behind")
    sentence = f"This machine's clock is {seconds.total_seconds():.0f} s {word} the {whose}'s."
    yield Finding(f"clock-{whose}", sentence, "timedatectl set-ntp true")
