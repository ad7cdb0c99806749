"""How do admin pages show records that only services write?"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders.models import Order


class _ReadOnly:
    """A hand in the admin could break what services keep true, so it may look only."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecordAdmin(_ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """The count over all rows is left out: it costs more than the page."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER


class RecordInline(_ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False


def order_link(order: Order) -> SafeString:
    url = reverse("admin:orders_order_change", args=[order.pk])
    return format_html('<a href="{}">{}</a>', url, order.number)


def record_link(record: Any, text: object) -> SafeString:
    """A link to the admin's page of any registered record."""
    url = reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])
    return format_html('<a href="{}">{}</a>', url, text)


def orders_page(number: str) -> str | None:
    """The admin's page that finds the order of this number, without a look into the database."""
    return f"{reverse('admin:orders_order_changelist')}?q={number}" if number.startswith("CV-") else None
