"""What a deployment has to do before the shop can serve: apply the migrations, collect the static files."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

MIGRATE = "python manage.py migrate"
COLLECT = "python manage.py collectstatic --no-input"
NEVER = datetime.min.replace(tzinfo=UTC)


def pending_migrations() -> list[str]:
    """Migrations of this code that the database does not have, such as `orders.0004_currency`, in their order.

    It takes 10 ms. Those of newer code, which the database may have, do not count.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def has_static_files() -> bool:
    """Whether this process knows the collected files' names, without which its pages cannot be rendered.

    It has read them at its start.
    """
    return not _needs_manifest() or bool(_storage().hashed_files)


def uncollected_files() -> list[str]:
    """Static files that were not collected, or not since they changed. Reads the disk."""
    if not _needs_manifest():
        return []
    manifest = _storage().manifest_storage
    names, _hash = _storage().load_manifest()
    collected_at = manifest.get_modified_time(_storage().manifest_name) if names else NEVER
    return sorted(name for name, changed_at in _sources() if name not in names or changed_at > collected_at)


def _storage() -> Any:
    """The stubs know no other kind than Django's own."""
    return staticfiles_storage


def _needs_manifest() -> bool:
    return isinstance(_storage(), ManifestFilesMixin) and not settings.DEBUG


def _sources() -> Iterator[tuple[str, datetime]]:
    """Each file by the name that it is collected under, and when it was changed."""
    ignored = StaticFilesConfig.ignore_patterns
    for finder in get_finders():
        for path, storage in finder.list(ignored):
            yield path, storage.get_modified_time(path)
