"""Append-only records: the audit log, and payloads as they were before an edit."""

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AppendOnly(TypeError):
    """Append-only rows can be neither changed nor deleted."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("These rows are append-only.")

    def delete(self) -> NoReturn:
        raise AppendOnly("These rows are append-only.")


class Record(models.Model):
    """Append-only rows. The database enforces it too: see `messaging.operations.append_only`."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(f"{self} cannot be changed; add another row instead.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(f"{self} cannot be deleted.")


class AuditEntry(Record):
    """Who did what to which message, group, queue or bulk retry, and why."""

    message_id = models.UUIDField(_("message"), null=True, blank=True, db_index=True)
    group = models.CharField(_("group"), max_length=40, blank=True, db_default="")
    queue = models.CharField(_("queue"), max_length=100, blank=True, db_default="")
    operation_id = models.UUIDField(_("operation"), null=True, blank=True)
    action = models.CharField(_("action"), max_length=30)
    actor = models.CharField(_("actor"), max_length=150)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    data = models.JSONField(
        _("details"), default=dict, blank=True, db_default=models.Value({}, output_field=models.JSONField())
    )

    class Meta:
        db_table = "operations_auditentry"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index("group", "id", name="operations_audit_group", condition=~models.Q(group="")),
            models.Index("operation_id", "id", name="operations_audit_op", condition=~models.Q(operation_id=None)),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"


class PayloadEdit(Record):
    """A payload before and after an operator's edit. Kept permanently."""

    message_id = models.UUIDField(_("message"), db_index=True)
    before = models.JSONField(_("before"))
    after = models.JSONField(_("after"))
    actor = models.CharField(_("actor"), max_length=150)
    reason = models.CharField(_("reason"), max_length=500)

    class Meta:
        db_table = "operations_payloadedit"
        verbose_name = _("payload edit")
        verbose_name_plural = _("payload edits")

    def __str__(self) -> str:
        return f"edit of {self.message_id} by {self.actor}"
