"""Rules of the state machine tests about time, which only they let pass: a run is the same on every machine."""

from contextlib import ExitStack
from typing import Any
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from messaging.models import Message
from tests import delivery
from tests.clocks import repeatable
from tests.delivery import make_due
from tests.messaging.deliver import hand_over

#: What a step takes, a delivery, and a look for one, in seconds.
STEP = 0.02
#: Open circuits and what is remembered about them last longer than the first one, and shorter than the last. All steps
#: together end before a message that nobody claims is overdue.
PAUSES = (0.05, 0.5, 2.0)


class TimeRules(RuleBasedStateMachine):
    """What is entered into `around` is left before the test's own time and chance are."""

    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        self._pass_time = self.around.enter_context(repeatable())
        self.around.enter_context(mock.patch.object(delivery, "hand_over", self._hand_over))
        self.around.enter_context(mock.patch.object(delivery, "make_due", self._make_due))

    def teardown(self) -> None:
        self.around.close()

    @rule(seconds=st.sampled_from(PAUSES))
    def time_passes(self, seconds: float) -> None:
        self._pass_time(seconds)

    @invariant()
    def a_step_takes_time(self) -> None:
        self._pass_time(STEP)

    def _hand_over(self, message: Message, **options: Any) -> None:
        self._pass_time(STEP)
        hand_over(message, **options)

    def _make_due(self, **only: Any) -> int:
        """Time passes also if nothing can be delivered, since its circuit is open: else that would never end."""
        self._pass_time(STEP)
        return make_due(**only)
