"""Which subcommands does `manage.py dlq` have? One module each topic; each registers its own."""

from messaging.operations.cli import act, groups, show  # noqa: F401
from messaging.operations.cli.registry import Subcommand, subcommands

__all__ = ["Subcommand", "subcommands"]
