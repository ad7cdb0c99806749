"""Rolling upgrade from the former release and back, while orders come in."""

from pathlib import Path
from typing import cast

from tests.chaos.experiment import Fault, Scene
from tests.chaos.grounds import UPGRADE, OfFormerRelease
from tests.stack.program import PROJECT, Program


def _roll(scene: Scene) -> None:
    """The schema goes back to the former release's and forth to this one's, where it stays when the code goes back."""
    stack = cast(OfFormerRelease, scene.stack)
    for app, migration in stack.former.targets().items():
        stack.migrate(app, migration)
    scene.bide(1, 2)
    stack.migrate()
    for release in (PROJECT, stack.former.folder):
        scene.load.open_next()
        programs = stack.programs
        scene.chance.shuffle(programs)
        for program in programs:
            _replace(scene, program, release)


def _replace(scene: Scene, program: Program, release: Path) -> None:
    """Both run beside each other for a while. They listen on one port if they are the web's."""
    twin = scene.stack.twin(program)
    twin.cwd = release
    try:
        twin.start()
    except AssertionError:
        twin.kill()
        raise
    scene.bide(0.5, 1.5)
    program.stop()
    scene.stack.replace(program, twin)


FAULTS = (
    Fault(
        name="rolling upgrade and back",
        does="schema and each process replaced by the next release's, then each process by the former's",
        ground=UPGRADE,
        happen=_roll,
        orders=36,
        seconds=15,
        parts=3,
    ),
)
