"""System check: warns of a visibility timeout that causes needless redeliveries."""

from typing import Any

from django.core import checks

from messaging.conf import settings


@checks.register("messaging")
def visibility_exceeds_the_time_limit(**kwargs: Any) -> list[checks.CheckMessage]:
    needed = 2 * settings.CONVEYOR_TASK_TIME_LIMIT  # a prefetched message may wait for one other task
    if needed <= settings.CONVEYOR_VISIBILITY:
        return []
    return [
        checks.Warning(
            f"CONVEYOR_VISIBILITY is {settings.CONVEYOR_VISIBILITY:g} s, less than twice CONVEYOR_TASK_TIME_LIMIT.",
            hint=f"Set it to at least {needed:g}; otherwise messages are redelivered while their task still runs, "
            "which is safe but wasteful.",
            id="messaging.W001",
        )
    ]
