"""Payloads: frozen, typed pydantic models, each with its task, routing key and schema version."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self

from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, ValidationError

from messaging.hooks.next_steps import EDIT, NONE, next_step

Lift = Callable[[dict[str, Any]], dict[str, Any]]


@next_step(
    _("The payload does not match the schema of its task; nothing was done."),
    _("Edit the payload, which also retries the task, or discard it."),
    action=EDIT,
)
class PayloadInvalid(ValueError):
    """The data does not match the payload's schema: a bug in the sender, so a retry cannot succeed."""


class LiftMissing(PayloadInvalid):
    """Data of an old schema version cannot be lifted to the current one."""


@next_step(
    _("A newer release wrote the payload."), _("Nothing to do here: deploy that release to all workers."), action=NONE
)
class SchemaTooNew(ValueError):
    """Newer code wrote the message than this worker runs, as during a rolling release."""


class Payload(BaseModel):
    """Base class of all payloads. A subclass declares its route:

    `class BookParcel(Payload, task="parcels.book", routing_key="parcel.book", version=2, lifts={1: f})`

    `routing_key` is `<noun>.<verb>`; enqueueing appends the priority. When fields change, raise `version` and add a
    lift: `lifts[n]` turns data of version n into version n + 1, so that messages in the ledger stay readable.
    `shown_until` names the events of the subject's timeline that end its wait for this work: until one of them, the
    subject's owner sees that the work failed. Side work, which nothing waits for, has none and is never shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: ClassVar[str]
    routing_key: ClassVar[str]
    version: ClassVar[int]
    lifts: ClassVar[Mapping[int, Lift]]
    shown_until: ClassVar[frozenset[str]]

    @classmethod
    def __init_subclass__(
        cls,
        *,
        task: str,
        routing_key: str,
        version: int = 1,
        lifts: Mapping[int, Lift] | None = None,
        shown_until: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.task, cls.routing_key, cls.version, cls.lifts = task, routing_key, version, dict(lifts or {})
        cls.shown_until = frozenset(shown_until)
        if missing := [n for n in range(1, version) if n not in cls.lifts]:
            raise TypeError(f"{cls.__name__} is at version {version} but has no lift from {missing}")
        known = _REGISTRY.get(task)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"{task} has two payloads: {known.__qualname__} and {cls.__qualname__}")
        _REGISTRY[task] = cls

    @classmethod
    def load(cls, data: Mapping[str, Any], *, version: int) -> Self:
        """Parse `data` of schema version `version`, lifting it to the current one.

        Raises `PayloadInvalid`, `LiftMissing` if it cannot be lifted, `SchemaTooNew` if this code is too old.
        """
        if version > cls.version:
            raise SchemaTooNew(f"{cls.task} has schema version {version}; this worker knows {cls.version}")
        lifted = dict(data)
        for number in range(version, cls.version):
            lifted = cls._lift(number, lifted)
        try:
            return cls.model_validate(lifted)
        except ValidationError as error:
            raise PayloadInvalid(_describe(cls.task, error)) from None

    @classmethod
    def _lift(cls, number: int, data: dict[str, Any]) -> dict[str, Any]:
        try:
            return cls.lifts[number](data)
        except (KeyError, TypeError, ValueError) as error:
            raise LiftMissing(f"{cls.task} cannot be lifted from schema version {number}: {error!r}") from error

    def dump(self) -> dict[str, Any]:
        """The payload as JSON types."""
        return self.model_dump(mode="json")


def _describe(task: str, error: ValidationError) -> str:
    """The errors, field by field, without values: those may be personal data."""
    errors = (f"{'.'.join(str(part) for part in e['loc']) or 'payload'}: {e['msg']}" for e in error.errors())
    return f"{task} has wrong arguments: {'; '.join(errors)}"


_REGISTRY: dict[str, type[Payload]] = {}


def payload_for(task: str) -> type[Payload] | None:
    """The payload class of a task; None if no imported module declares one."""
    return _REGISTRY.get(task)


def registered_payloads() -> dict[str, type[Payload]]:
    return dict(_REGISTRY)
