"""Which settings would make messages be delivered twice for no reason?"""

from typing import Any

from django.core import checks

from messaging.conf import settings


@checks.register("messaging")
def visibility_exceeds_the_time_limit(**kwargs: Any) -> list[checks.CheckMessage]:
    """A message may wait in its worker for one task before it, and then takes its own time."""
    needed = 2 * settings.CONVEYOR_TASK_TIME_LIMIT
    if needed <= settings.CONVEYOR_VISIBILITY:
        return []
    return [
        checks.Warning(
            f"CONVEYOR_VISIBILITY is {settings.CONVEYOR_VISIBILITY:g} s, less than twice CONVEYOR_TASK_TIME_LIMIT.",
            hint=f"Set it to at least {needed:g}: else messages are sent again while a worker is still at work on "
            "them, which is safe, but needless.",
            id="messaging.W001",
        )
    ]
