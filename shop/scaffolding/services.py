"""Writes a new service: an app that records each paid order through a queue of its own."""

import shutil
import tempfile
from pathlib import Path
from string import Template

from shop.scaffolding.names import NameRefused, check

_TEMPLATE = Path(__file__).with_name("template")
_ENDING = ".tpl"


def create_service(*, name: str, folder: Path) -> list[Path]:
    """Write the app `name` into `folder`, which is `extensions/`, and return its files.

    Raises `NameRefused`. The app is complete or not there: it is written beside its place, then renamed.
    """
    check(name)
    place = folder / name
    if place.exists():
        raise NameRefused(f"{place} exists already. Choose another name, or delete it first.")
    beside = Path(tempfile.mkdtemp(prefix=".startservice-", dir=folder))
    try:
        _write(beside / name, name=name)
        (beside / name).rename(place)
    finally:
        shutil.rmtree(beside)
    return sorted(path for path in place.rglob("*") if path.is_file())


def _write(app: Path, *, name: str) -> None:
    words = name.split("_")
    title = " ".join(filter(None, words)).capitalize()
    values = {"name": name, "title": title, "Name": "".join(map(str.capitalize, words))}
    for template in sorted(_TEMPLATE.rglob(f"*{_ENDING}")):
        relative = template.relative_to(_TEMPLATE).as_posix().removesuffix(_ENDING)
        path = app / Template(relative).substitute(values)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(template.read_text()).substitute(values))
