"""`python -m tests.deploy`: builds the image's folder with packages of its own and ships an order from it.

The processes are those that the deployment files name, each started by its name as a user without rights, on a
read-only root file system, with PostgreSQL and RabbitMQ. `make check-image` runs it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.deploy.from_image import FromImage

BACKUP = Path(__file__).parents[2] / "deploy" / "backup" / "backup.sh"


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.conf import settings

    from tests.stack import template

    target = Path(tempfile.mkdtemp(prefix="conveyor-image-"))
    target.chmod(0o755)
    try:
        return _check(target)
    except pytest.skip.Exception as reason:
        sys.exit(f"The image cannot be checked here: {reason}")
    finally:
        shutil.rmtree(target)
        template.remove()
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


def _check(target: Path) -> int:
    from tests.deploy.from_image import FromImage
    from tests.deploy.image import build, user
    from tests.stack.standalone import NoBlocker

    for step in ("packages", "app"):
        began = time.monotonic()
        build(step, target)
        size = sum(path.lstat().st_size for path in target.rglob("*") if path.is_file()) / 2**20
        _say(f"{step}: built in {time.monotonic() - began:.0f} s, {size:.0f} MB in all")
    stack = FromImage(target, blocker=NoBlocker())
    try:
        stack.start()
        _say(f"running as user {user()}: {', '.join(program.name for program in stack.programs)}")
        order = stack.order()
        stack.wait_status(order, "shipped", "delivered")
        _say("an order is shipped")
        _say(f"backup: {_back_up(stack, target)}")
        codes = {program.name: program.stop() for program in stack.programs}
        _say(f"exit codes after SIGTERM: {codes}")
        return int(any(codes.values()))
    except AssertionError:
        _say(stack.tails())
        raise
    finally:
        stack.remove()


def _back_up(stack: "FromImage", target: Path) -> str:
    """What the job says of a dump whose migrations are those of the image."""
    folder = target / "backups"
    folder.mkdir()
    own = {"BACKUP_DIR": str(folder), "CONVEYOR_HOME": str(target), "CONVEYOR_VAR": str(target / "app" / "var")}
    job = subprocess.run([BACKUP], env=stack.env | own, capture_output=True, text=True, check=False)
    assert job.returncode == 0, job.stderr
    return job.stdout.strip()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
