"""Extensions: reads the `Service` that each app in `extensions/` declares, and derives what the shop adds for it.

Settings, processes and URLs all ask here, so an extension is one declaration and no change of any existing file.
"""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLResolver, include, path

import extensions
from config import env
from extensions import Service

VARIABLE = "CONVEYOR_EXTENSIONS"
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Extension:
    """An installed extension. `app` is the dotted path of its AppConfig."""

    label: str
    app: str
    service: Service


def installed() -> list[Extension]:
    """The extensions that `CONVEYOR_EXTENSIONS` names, by default all. Raises `ImproperlyConfigured`."""
    return [_read(name) for name in _chosen()]


def app_configs() -> list[str]:
    return [each.app for each in installed()]


def queues(**found: str) -> dict[str, str]:
    """The shop's own queues and those of the extensions, each with its binding."""
    for each in installed():
        nouns = {binding.partition(".")[0] for binding in found.values()}
        for kind, name, taken in (("queue", each.service.queue, found), ("binding", each.service.noun, nouns)):
            if name in taken:
                raise ImproperlyConfigured(
                    f"{_file(each.label)} declares the {kind} {name!r}, which is taken; choose another name there."
                )
        found[each.service.queue] = each.service.binding
    return found


def schedule() -> dict[str, dict[str, Any]]:
    """Entries for `beat_schedule`, named after their tasks."""
    return {
        task: {"task": task, "schedule": every} for each in installed() for task, every in each.service.schedule.items()
    }


def permissions() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Codenames by app: what staff may view, and what Operators may also do."""
    return {each.label: (each.service.views, each.service.actions) for each in installed()}


def url_patterns() -> list[URLResolver]:
    return [path(f"{each.label}/", include(each.service.urls)) for each in installed() if each.service.urls]


def workers(own: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    """The shop's own workers and those of the extensions: queues, as `-Q` takes them, and slots, by name."""
    found = dict(own)
    for each in installed():
        service = each.service
        if not service.beside:
            found[service.queue] = (service.queue, service.concurrency)
        elif service.beside in own:
            names, slots = found[service.beside]
            found[service.beside] = (f"{names},{service.queue}", slots)
        else:
            raise ImproperlyConfigured(
                f"{_file(each.label)} declares beside={service.beside!r}; it must be one of: {', '.join(own)}."
            )
    return found


def _chosen() -> list[str]:
    """Package names: those of the variable in its order, or every package with an `apps.py` in the order of names."""
    names, found = list(dict.fromkeys(env.listed(VARIABLE))), _found()
    if names == [NONE]:
        return []
    for name in names:
        if name not in found:
            raise ImproperlyConfigured(
                f"{VARIABLE} names {name!r}, but there is no {_file(name)}. Found: {', '.join(found) or 'none'}. "
                f"`manage.py startservice {name}` creates it."
            )
    return names or found


def _found() -> list[str]:
    """Packages without an `apps.py` hold code only, such as a gateway."""
    packages = (each for each in pkgutil.iter_modules(extensions.__path__) if each.ispkg)
    return sorted(each.name for each in packages if (_folder(each) / each.name / "apps.py").exists())


def _folder(module: pkgutil.ModuleInfo) -> Path:
    return Path(str(getattr(module.module_finder, "path", "")))


def _read(name: str) -> Extension:
    try:
        module = importlib.import_module(f"extensions.{name}.apps")
    except Exception as error:  # whatever an app's module raises, nobody else can tell which one it was
        raise ImproperlyConfigured(f"{_file(name)} cannot be imported: {error}") from error
    declared = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, AppConfig) and isinstance(vars(kind).get("service"), Service)
    ]
    if len(declared) != 1:
        raise ImproperlyConfigured(
            f"{_file(name)} must have one AppConfig with a service, such as "
            f"`service = Service(queue={name!r}, binding='{name}.#')`; it has {len(declared)}."
        )
    (kind,) = declared
    return Extension(label=name, app=f"{kind.__module__}.{kind.__qualname__}", service=vars(kind)["service"])


def _file(name: str) -> str:
    return f"extensions/{name}/apps.py"
