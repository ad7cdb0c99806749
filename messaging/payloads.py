"""What may a message carry? A frozen, typed pydantic model that knows its task, routing key and version."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

Lift = Callable[[dict[str, Any]], dict[str, Any]]


class PayloadInvalid(ValueError):
    """The data does not fit the payload's schema: a bug of the sender, which trying again cannot mend."""


class LiftMissing(PayloadInvalid):
    """The data is of an old schema version, and cannot be lifted to the present one."""


class SchemaTooNew(ValueError):
    """The message was written by newer code than this worker runs, as happens while a release rolls out."""


class Payload(BaseModel):
    """Base of all payloads. Subclasses say where they go:

    `class ChargePayment(Payload, task="payments.charge", routing_key="payment.charge", version=2, lifts={1: f})`

    `routing_key` is `<noun>.<verb>`; enqueueing adds the priority's word. When fields change, `version` is raised and
    `lifts[n]` turns the data of version n into that of version n + 1, so that messages under way stay readable.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: ClassVar[str]
    routing_key: ClassVar[str]
    version: ClassVar[int]
    lifts: ClassVar[Mapping[int, Lift]]

    @classmethod
    def __init_subclass__(
        cls,
        *,
        task: str,
        routing_key: str,
        version: int = 1,
        lifts: Mapping[int, Lift] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.task, cls.routing_key, cls.version, cls.lifts = task, routing_key, version, dict(lifts or {})
        missing = [n for n in range(1, version) if n not in cls.lifts]
        if missing:
            raise TypeError(f"{cls.__name__} is at version {version} but has no lift from {missing}")
        known = _REGISTRY.get(task)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"{task} has two payloads: {known.__qualname__} and {cls.__qualname__}")
        _REGISTRY[task] = cls

    @classmethod
    def load(cls, data: Mapping[str, Any], *, version: int) -> Self:
        """The payload in `data` as version `version` wrote it, lifted to the present one.

        Raises `PayloadInvalid`, `LiftMissing` where it stays too old, `SchemaTooNew` when this code is older than it.
        """
        if version > cls.version:
            raise SchemaTooNew(f"{cls.task} came in schema version {version}; this worker knows {cls.version}")
        lifted = dict(data)
        for number in range(version, cls.version):
            lifted = cls._lift(number, lifted)
        try:
            return cls.model_validate(lifted)
        except ValidationError as error:
            raise PayloadInvalid(_sentence(cls.task, error)) from None

    @classmethod
    def _lift(cls, number: int, data: dict[str, Any]) -> dict[str, Any]:
        try:
            return cls.lifts[number](data)
        except (KeyError, TypeError, ValueError) as error:
            raise LiftMissing(f"{cls.task} cannot be lifted from schema version {number}: {error!r}") from error

    def dump(self) -> dict[str, Any]:
        """The payload as JSON types."""
        return self.model_dump(mode="json")


def _sentence(task: str, error: ValidationError) -> str:
    """What is wrong, field by field. The values stay out: they may be personal."""
    faults = (f"{'.'.join(str(part) for part in e['loc']) or 'payload'}: {e['msg']}" for e in error.errors())
    return f"{task} has wrong arguments: {'; '.join(faults)}"


_REGISTRY: dict[str, type[Payload]] = {}


def payload_for(task: str) -> type[Payload] | None:
    """The payload class of a task, or None if no module that was imported declares one."""
    return _REGISTRY.get(task)


def registered_payloads() -> dict[str, type[Payload]]:
    return dict(_REGISTRY)
