"""Append-only triggers on the audit log, and PostgreSQL's search indexes."""

from django.db import migrations

from messaging.operations.append_only import ForbidChanges
from messaging.operations.failures.search_indexes import IndexSearches


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]

    operations = [ForbidChanges("operations_auditentry", "operations_payloadedit"), IndexSearches()]
