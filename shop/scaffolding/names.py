"""Which names a new service may have."""

import keyword
import re
from collections.abc import Iterator

from django.apps import apps
from django.urls import Resolver404, resolve

from messaging.topology import topology

#: Django refuses names with `__` or a `_` at the end, which its lookups use.
_PATTERN = re.compile(r"[a-z](?:[a-z0-9]|_(?=[a-z0-9])){0,39}", re.ASCII)
#: `none` is a value of CONVEYOR_EXTENSIONS; `static` is served before Django's URLs; `tests` are the shop's own, and
#: `conftest` is a module beside the apps.
_RESERVED = frozenset({"none", "static", "tests", "conftest"})


class NameRefused(ValueError):
    """The name is malformed or taken; nothing was written."""


def check(name: str) -> None:
    """Raises `NameRefused`."""
    if not _PATTERN.fullmatch(name) or keyword.iskeyword(name):
        raise NameRefused(
            f"{name!r} is not a valid service name. Use lowercase letters, digits and single _ between them, beginning "
            "with a letter, at most 40 characters, such as 'loyalty'."
        )
    if taken := next(_uses(name), None):
        raise NameRefused(f"{name!r} is taken: {taken}. Choose another name.")


def _uses(name: str) -> Iterator[str]:
    queues = topology().queues
    if name in _RESERVED:
        yield "the name is reserved"
    if name in apps.app_configs:
        yield f"an app of that name is installed ({apps.get_app_config(name).name})"
    if name in queues:
        yield "a queue has that name"
    if name in {binding.partition(".")[0] for binding in queues.values()}:
        yield f"routing keys {name}.# lead to the queue {topology().queue_for(name)}"
    if _is_page(f"/{name}/"):
        yield f"/{name}/ is a page of the shop"


def _is_page(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
