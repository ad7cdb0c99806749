"""Hook: what an operator should do about an error, declared beside the exception, and the pages where they do it.

A step is looked up by the name that the ledger has recorded. It is inherited by subclasses, as far as they are loaded.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from messaging.models import Message

Text = str | Promise
Error = TypeVar("Error", bound=type[BaseException])
#: Actions of the desk itself. A first button `RETRY` says that a retry can help; after `OPEN_GROUP` it helps once the
#: cause is fixed, and then the whole group.
RETRY: Final = "retry"
EDIT: Final = "edit"
DISCARD: Final = "discard"
OPEN_GROUP: Final = "open_group"
OPEN_SUBJECT: Final = "open_subject"
NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class NextStep:
    """`meaning` says what happened, `advice` what to do, `action` names the button that does it."""

    meaning: Text
    advice: Text
    action: str

    @property
    def text(self) -> str:
        return f"{self.meaning} {self.advice}".strip()

    def as_dict(self) -> dict[str, str]:
        return {"text": self.text, "action": self.action}


@dataclass(frozen=True, slots=True)
class AppAction:
    """An action of an app. `pages` returns URLs by message id, for those messages that it is possible for.

    `permission` is what its page requires, such as `shipping.correct_address`.
    """

    label: Text
    permission: str
    pages: "Callable[[Sequence[Message]], Mapping[UUID, str]]"


_STEPS: dict[type[BaseException] | str, NextStep] = {}
#: The actions of apps, by name.
APP_ACTIONS: dict[str, AppAction] = {}
UNEXPECTED: Final = NextStep(
    _("An unexpected error in the code or its data, so a retry alone fails in the same way."),
    _("Fix the cause that the traceback shows, then retry the group."),
    OPEN_GROUP,
)


def next_step(meaning: Text, advice: Text, *, action: str) -> Callable[[Error], Error]:
    """Declare the next step of an exception, as its decorator."""

    def declare(error: Error) -> Error:
        register(error, step=NextStep(meaning, advice, action))
        return error

    return declare


def register(*errors: type[BaseException] | str, step: NextStep) -> None:
    """Declare the next step of a library's errors, or of failures that have a name and no exception."""
    _STEPS.update(dict.fromkeys(errors, step))


def register_action(name: str, action: AppAction) -> None:
    """Register what the button of steps with this action opens."""
    APP_ACTIONS[name] = action


def step_for(error_type: str) -> NextStep | None:
    """The declared step of an error, by its recorded name; None if there is none."""
    if error_type in _STEPS:
        return _STEPS[error_type]
    kind = next((kind for kind in _loaded() if recorded_name(kind) == error_type), None)
    return next((_STEPS[base] for base in kind.__mro__ if base in _STEPS), None) if kind else None


def recorded_name(kind: type[BaseException]) -> str:
    """The name of an error in the ledger."""
    return (kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}")[:200]


def _loaded() -> Iterator[type[BaseException]]:
    """Errors that declare a step, and their subclasses."""
    left = [kind for kind in _STEPS if isinstance(kind, type)]
    seen = set(left)
    while left:
        yield (kind := left.pop())
        left += (fresh := set(kind.__subclasses__()) - seen)
        seen |= fresh
