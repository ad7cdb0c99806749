"""Subcommands of `manage.py dlq`, one module per topic. Each registers its own."""

from messaging.operations.cli import bulk_retries, dry_runs, groups, messages, show  # noqa: F401
from messaging.operations.cli.registry import Subcommand, subcommands

__all__ = ["Subcommand", "subcommands"]
