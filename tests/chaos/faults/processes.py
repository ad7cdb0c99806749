"""Faults of the shop's own processes: killed, hung, restarted, and two of a kind."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from tests.chaos.experiment import Fault, Scene
from tests.chaos.grounds import EMBEDDED, PRODUCTION, Ground
from tests.stack.program import Program

#: Longer than the time limit of a task (15 s) and than the visibility timeout (8 s).
HANG = 18.0
CHOICES: dict[str, Callable[[Any], Program]] = {
    "web": lambda stack: stack.web,
    "relay": lambda stack: stack.relays[0],
    "payments worker": lambda stack: stack.worker("payments"),
    "shipping worker": lambda stack: stack.worker("shipping"),
    "beat": lambda stack: stack.beat,
}


def _kill(name: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        program = CHOICES[name](scene.stack)
        program.kill()
        scene.bide(0, 2)
        program.start()

    return happen


def _hang(name: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        program = CHOICES[name](scene.stack)
        program.pause()
        scene.bide(HANG, HANG + 2)
        program.resume()

    return happen


def _restart(name: str) -> Callable[[Scene], None]:
    return lambda scene: CHOICES[name](scene.stack).restart()


def _double(scene: Scene) -> None:
    """The first of each pair is killed meanwhile, so that the second takes over."""
    originals = [CHOICES[name](scene.stack) for name in ("relay", "beat")]
    with ExitStack() as ending:
        for program in originals:
            twin = scene.stack.twin(program)
            twin.start()
            ending.callback(twin.stop)
        scene.bide(4, 6)
        for program in originals:
            program.kill()
        scene.bide(2, 4)
        for program in originals:
            program.start()


def _kill_all(scene: Scene) -> None:
    programs = scene.stack.programs
    for program in programs:
        program.kill()
    scene.bide(0, 2)
    for program in programs:
        program.start(wait=False)
    for program in programs:
        program.wait_ready()


def _of_each(verb: str, does: str, happen: Callable[[str], Callable[[Scene], None]], *, spends: bool) -> list[Fault]:
    return [
        Fault(
            name=f"{name} {verb}",
            does=does,
            ground=PRODUCTION,
            happen=happen(name),
            spends=spends and name.endswith("worker"),
        )
        for name in CHOICES
    ]


def _all_killed(ground: Ground) -> Fault:
    return Fault(
        name="every process killed", does="SIGKILL to all at once", ground=ground, happen=_kill_all, spends=True
    )


FAULTS = (
    *_of_each("killed", "SIGKILL to it and its children", _kill, spends=True),
    *_of_each("hung", f"SIGSTOP for {HANG:g} s, SIGCONT", _hang, spends=True),
    *_of_each("restarted", "SIGTERM, started again", _restart, spends=False),
    Fault(
        name="two relays, two beats",
        does="a second one of each; the first is killed meanwhile",
        ground=PRODUCTION,
        happen=_double,
    ),
    _all_killed(PRODUCTION),
    _all_killed(EMBEDDED),
    Fault(
        name="payments worker killed",
        does="SIGKILL to it and its children",
        ground=EMBEDDED,
        happen=_kill("payments worker"),
        spends=True,
    ),
)
