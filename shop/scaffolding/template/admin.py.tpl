"""Read-only admin pages of $name."""

from django.contrib import admin

from extensions.$name.models import Entry
from orders.readonly_admin import ReadOnlyAdmin


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = fields = ("order", "created_at")
    list_select_related = ("order",)
    sortable_by = ()
    ordering = ("-pk",)
