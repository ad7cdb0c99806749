"""Which subcommands does `manage.py dlq` have? One module each topic; each registers its own."""

from messaging.dlq import groups, looking, moving  # noqa: F401
from messaging.dlq.registry import Subcommand, subcommands

__all__ = ["Subcommand", "subcommands"]
