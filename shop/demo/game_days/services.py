"""Injects faults into the demo, ends them, and cures the scripted failures. Each is audited.

Raises `NotADemo` outside demo mode, and `PermissionDenied` for actors without `PERMISSION`. One fault of a kind begins
or ends at a time: what a fault does lies outside the database, so that a lock on its row would not cover it.
"""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging import clock, simulated_outages
from messaging.operations import audit
from messaging.operations.actions import AlreadyPaused, NotPaused
from messaging.operations.permissions import Actor
from payments.gateways.simulated import NAME
from shop.demo import supervisor
from shop.demo.game_days.kinds import KINDS, CannotBegin, Kind
from shop.models import Fault

PERMISSION: Final = "shop.run_game_day"
KEPT: Final = timedelta(days=30)
#: Scripted failures, by name: `bug` of pm_bug and pm_crash, `outage` of pm_outage and the city Nowhere.
CURES: Final = {"bug": simulated_outages.BUG_FIXED, "outage": simulated_outages.OUTAGE_ENDED}
PROCESS_ACTIONS: Final = {"kill": supervisor.kill, "stop": supervisor.stop, "start": supervisor.start}
audit.register(
    "begin fault", "end fault", "cure failure", "restore failure", *(f"{verb} process" for verb in PROCESS_ACTIONS)
)


class NotADemo(RuntimeError):
    """This shop is not a demo."""

    def __init__(self) -> None:
        super().__init__(_("Faults exist in demo mode only. Start the demo with `make run`, or set CONVEYOR_DEMO=1."))


_CANNOT_BEGIN: Final = (
    CannotBegin,
    supervisor.SupervisorAway,
    supervisor.UnknownProcess,
    supervisor.NothingChanged,
    AlreadyPaused,
    OSError,
)


class FaultRefused(ValueError):
    """The fault cannot begin or end so. Nothing was changed."""


def actor_of(user: Any) -> Actor:
    """The actor for a Django user."""
    return Actor(name=user.get_username(), may=lambda permission: bool(user.has_perm(permission)))


def begin_fault(
    *,
    kind: str,
    actor: Actor,
    target: str = "",
    seconds: float | None = None,
    amount: float | None = None,
    game_day: str = "",
) -> Fault:
    """Inject a fault, which ends by itself. Defaults are those of its kind. Raises `FaultRefused`."""
    require(actor)
    known = KINDS.get(kind)
    if known is None:
        raise FaultRefused(_("There is no fault %(name)s.") % {"name": kind[:60]})
    seconds = float(known.seconds if seconds is None else seconds)
    values = {"kind": kind, "target": _target(known, target), "amount": _amount(known, amount)}
    _check_seconds(known, seconds)
    with _alone(kind):
        fault = _record(values, seconds=seconds, actor=actor, game_day=game_day)
        _begin(known, fault, seconds=seconds, actor=actor)
    return fault


def _begin(kind: Kind, fault: Fault, *, seconds: float, actor: Actor) -> None:
    planned = fault.ends_at
    try:
        kind.begin(fault, seconds)
    except Exception as error:
        _close(fault, actor=actor, reason=str(error))
        if isinstance(error, _CANNOT_BEGIN):
            raise FaultRefused(str(error)) from error
        raise
    if fault.ends_at != planned:
        fault.save(update_fields=["ends_at"])


def end_fault(*, fault: Fault, actor: Actor) -> None:
    """End a fault before its time. Raises `FaultRefused` if it is over, or cannot be ended.

    What it does ends before its row, so that one that fails half-way can be ended again.
    """
    require(actor)
    end = KINDS[fault.kind].end if fault.kind in KINDS else None
    if end is None:
        raise FaultRefused(_("This fault cannot be ended early; it ends by itself."))
    with _alone(fault.kind):
        if not Fault.objects.filter(pk=fault.pk, ends_at__gt=timezone.now()).exists():
            raise FaultRefused(_("This fault is over."))
        try:
            end(fault)
        except NotPaused as error:
            _close(fault, actor=actor)
            raise FaultRefused(str(error)) from error
        _close(fault, actor=actor)


def require_inactive(faults: Iterable[Fault]) -> None:
    """Raises `FaultRefused` if one of these unsaved faults is active, or could not begin now."""
    for fault in faults:
        held = Fault.objects.filter(holds=_holds(fault.kind, fault.target), ends_at__gt=timezone.now()).first()
        if held is not None:
            values = {"fault": held, "who": held.begun_by, "end": clock.exact(held.ends_at)}
            raise FaultRefused(
                _("%(fault)s, begun by %(who)s, is active until %(end)s. End it first, or wait for its end.") % values
            )
        try:
            KINDS[fault.kind].require(fault)
        except _CANNOT_BEGIN as error:
            raise FaultRefused(str(error)) from error


def outage_of(system: str) -> Fault | None:
    """The active fault that makes this simulated system unreachable, unless `manage.py outage` does."""
    held = _holds("gateway-outage", "") if system == NAME else _holds("carrier-outage", system)
    return Fault.objects.filter(holds=held, ends_at__gt=timezone.now()).first()


@contextmanager
def only_game_day() -> Iterator[None]:
    """The lock of game days. Raises `FaultRefused` while another is under way, whose faults both reports would show."""
    try:
        with _alone("game-day", waits=False):
            yield
    except _Taken:
        raise FaultRefused(_("Another game day is under way. Wait for its end, or interrupt it.")) from None


class _Taken(RuntimeError):
    """Another process has the lock."""


@contextmanager
def _alone(name: str, *, waits: bool = True) -> Iterator[None]:
    """A lock, such as that of a kind of fault, on a file beside those that tell of faults; it ends with its process."""
    folder = Path(settings.CONVEYOR_OUTAGES_DIR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / f"{name}.lock").open("w")
    except OSError as error:
        raise FaultRefused(str(error)) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _Taken from None
        yield


def cure(*, failure: str, actor: Actor) -> None:
    """From now on, a retry of what this scripted failure has stopped succeeds."""
    require(actor)
    audit.record(action="cure failure", actor=actor, data={"failure": failure})
    simulated_outages.begin(name=CURES[failure], seconds=simulated_outages.FOREVER)


def restore(*, failure: str, actor: Actor) -> None:
    """The opposite of `cure`."""
    require(actor)
    audit.record(action="restore failure", actor=actor, data={"failure": failure})
    simulated_outages.end(name=CURES[failure])


def cured() -> dict[str, bool]:
    """Whether each scripted failure is cured, by name."""
    return {failure: simulated_outages.is_active(name=name) for failure, name in CURES.items()}


def control_process(*, verb: str, name: str, actor: Actor) -> None:
    """Kill, stop or start one of the demo's processes. Raises as `shop.demo.supervisor` does."""
    require(actor)
    PROCESS_ACTIONS[verb](name)
    audit.record(action=f"{verb} process", actor=actor, data={"process": name})


def require(actor: Actor) -> None:
    """Raises `NotADemo` and `PermissionDenied`."""
    if not settings.CONVEYOR_DEMO:
        raise NotADemo
    if not actor.may(PERMISSION):
        raise PermissionDenied(f"{actor.name} lacks the permission {PERMISSION}.")


def _target(kind: Kind, target: str) -> str:
    if kind.targets is None:
        return ""
    known = kind.targets()
    if target not in known:
        names = ", ".join(known) or _("none, since no supervisor answers; start the demo with `make run`")
        raise FaultRefused(_("Choose a target: %(names)s.") % {"names": names})
    return target


def _amount(kind: Kind, amount: float | None) -> float:
    if kind.amount is None:
        return 1.0
    chosen = kind.amount.default if amount is None else amount
    if not kind.amount.least <= chosen <= kind.amount.most:  # NaN is within no bounds
        bounds = {"label": kind.amount.label, "least": kind.amount.least, "most": kind.amount.most}
        raise FaultRefused(_("Enter a number from %(least)g to %(most)g (%(label)s).") % bounds)
    return chosen


def _check_seconds(kind: Kind, seconds: float) -> None:
    if not kind.is_momentary and not 1 <= seconds <= kind.most:
        raise FaultRefused(_("Enter a duration from 1 to %(most)s seconds.") % {"most": kind.most})


@transaction.atomic
def _record(values: dict[str, Any], *, seconds: float, actor: Actor, game_day: str) -> Fault:
    now, kind = timezone.now(), KINDS[values["kind"]]
    Fault.objects.filter(ends_at__lte=now).exclude(holds=None).update(holds=None)
    Fault.objects.filter(ends_at__lt=now - KEPT).delete()
    ends_at = now if kind.is_momentary else now + timedelta(seconds=seconds)
    holds = None if kind.is_momentary else _holds(values["kind"], values["target"])
    begun = {"began_at": now, "ends_at": ends_at, "begun_by": actor.name[:150], "game_day": game_day[:100]}
    try:
        with transaction.atomic():
            fault = Fault.objects.create(**values, **begun, holds=holds)
    except IntegrityError:
        raise FaultRefused(_("This fault is active already. End it first, or wait for its end.")) from None
    audit.record(action="begin fault", actor=actor, data={**values, "seconds": seconds, "fault": fault.pk})
    return fault


def _holds(kind: str, target: str) -> str:
    return f"{kind} {target}"


@transaction.atomic
def _close(fault: Fault, *, actor: Actor, reason: str = "") -> None:
    """With a `reason` it could not begin."""
    Fault.objects.filter(pk=fault.pk).update(ends_at=timezone.now(), holds=None)
    audit.record(action="end fault", actor=actor, reason=reason, data={"fault": fault.pk})
