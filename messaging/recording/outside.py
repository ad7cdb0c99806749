"""Calls of systems outside the database, such as a payment gateway: recorded during a run, replayed in a dry run.

Each app puts its calls through `call`, so that the engine need not know what they are. What a failed run asked, and
what it got, is stored with the attempt. In a dry run nothing goes out: the recorded answer is given again.
"""

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar, get_type_hints

from pydantic import TypeAdapter

from messaging.recording import flight_recorder
from messaging.recording.storable import plain, text

Answer = TypeVar("Answer")
#: Characters of a stored answer; a longer one is not kept.
ANSWER_CHARACTERS: Final = 10_000
_TEXT: Final = 500


@dataclass(frozen=True)
class Call:
    method: Callable[..., Any]
    arguments: Mapping[str, Any]
    system: str
    errors: tuple[type[Exception], ...]
    private: Collection[str]

    @property
    def request(self) -> dict[str, Any]:
        """What may be stored of the arguments."""
        private = self.private
        return {name: _digest(value) if name in private else plain(value) for name, value in self.arguments.items()}

    @property
    def operation(self) -> str:
        return self.method.__name__

    @property
    def answers(self) -> TypeAdapter[Any]:
        return TypeAdapter(get_type_hints(self.method).get("return", Any))


@dataclass(frozen=True)
class _Exchange:
    call: Call
    seconds: float
    answer: Any = None
    error: Exception | None = None

    def as_json(self) -> dict[str, Any]:
        call = self.call
        facts = {"system": call.system, "operation": call.operation, "request": call.request}
        return {**facts, "seconds": round(self.seconds, 3), **self._outcome()}

    def _outcome(self) -> dict[str, Any]:
        """Without an `answer` or `arguments` it cannot be replayed."""
        if self.error is not None:
            outcome = {"error": type(self.error).__name__, "message": text(self.error)[:_TEXT]}
            return outcome | ({"arguments": plain(self.error.args)} if type(self.error) in self.call.errors else {})
        try:
            answer = self.call.answers.dump_json(self.answer).decode()
        except Exception as error:
            return {"not_kept": f"it cannot be written as JSON ({type(error).__name__})"}
        if len(answer) > ANSWER_CHARACTERS:
            return {"not_kept": f"it has {len(answer):,} characters"}
        return {"answer": plain(json.loads(answer))}


class Replay(Protocol):
    """What a dry run puts in the place of all outside systems."""

    def answer(self, call: Call) -> Any:
        """The answer to `call`, or its error."""
        ...

    def withhold(self, what: str) -> None:
        """`what` is not sent."""
        ...


_replay: ContextVar[Replay | None] = ContextVar("conveyor_replay", default=None)


@contextmanager
def replayed(replay: Replay) -> Iterator[None]:
    """Let nothing out: every call inside gets its answer from `replay`."""
    token = _replay.set(replay)
    try:
        yield
    finally:
        _replay.reset(token)


def withholds(what: str) -> bool:
    """Whether this is a dry run, so that `what`, which has no answer to record, must not be sent. It is listed then."""
    if (replay := _replay.get()) is not None:
        replay.withhold(what)
    return replay is not None


def call(
    method: Callable[..., Answer],
    arguments: Mapping[str, Any],
    *,
    system: str,
    guard: AbstractContextManager[None],
    errors: tuple[type[Exception], ...],
    private: Collection[str] = (),
) -> Answer:
    """Call `method` of the outside `system` within `guard`, its circuit breaker.

    `errors` are what the system answers instead of a result; each can be created from its `args`. Of `private`
    arguments only a digest is stored. In a dry run the replay answers.
    """
    made = Call(method, arguments, system, errors, private)
    replay, recording = _replay.get(), flight_recorder.current()
    if replay is not None:
        answer: Answer = replay.answer(made)
        return answer
    began = time.monotonic()
    try:
        with guard:
            answer = method(**arguments)
    except Exception as error:
        if recording is not None:
            recording.add_call(_Exchange(made, time.monotonic() - began, error=_answered(error, errors)))
        raise
    if recording is not None:
        recording.add_call(_Exchange(made, time.monotonic() - began, answer))
    return answer


def _answered(error: Exception, errors: tuple[type[Exception], ...]) -> Exception:
    """The system's own error, where the circuit breaker has put another one in its place."""
    cause = error.__cause__
    return cause if type(error) not in errors and isinstance(cause, errors) else error


def _digest(value: Any) -> str:
    return f"sha256:{hashlib.sha256(repr(value).encode(errors='backslashreplace')).hexdigest()[:16]}"
