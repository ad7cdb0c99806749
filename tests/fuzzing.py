"""How many random examples tests run on each database.

Continuous integration runs these tests on both. They are seeded, so that the run on PostgreSQL repeats what the faster
one on SQLite has done, and need only find what differs between the two.
"""

from django.conf import settings

SHARE_ON_POSTGRESQL = 3


def examples(full: int) -> int:
    """`full` on SQLite, and a third of it on PostgreSQL."""
    is_sqlite = str(settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3")
    return full if is_sqlite else full // SHARE_ON_POSTGRESQL
