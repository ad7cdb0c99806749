"""How far periodic work has come."""

from typing import Any

from django.db import models


class Cursor(models.Model):
    """Position of one periodic task, such as the last change that the audit has looked at; one row a name."""

    name = models.CharField(primary_key=True, max_length=60)
    position = models.JSONField(default=dict)

    class Meta:
        db_table = "messaging_cursor"
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def read(cls, name: str) -> dict[str, Any]:
        """The stored position; empty before the first run."""
        return dict(cls.objects.filter(pk=name).values_list("position", flat=True).first() or {})

    @classmethod
    def write(cls, name: str, position: dict[str, Any]) -> None:
        """Store the position, in the transaction of the work that it describes."""
        cls.objects.update_or_create(pk=name, defaults={"position": position})
