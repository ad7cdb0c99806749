"""Read-only base classes for admin pages, and links between them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders.models import Order


class _ReadOnly:
    """Edits in the admin would bypass the services and the rules that they enforce."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(_ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Leaves out the count of all rows, which costs more than the rest of the page."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER


class ReadOnlyInline(_ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False


def order_link(order: Order) -> SafeString:
    url = reverse("admin:orders_order_change", args=[order.pk])
    return format_html('<a href="{}">{}</a>', url, order.number)


def admin_link(instance: Any, text: object) -> SafeString:
    """A link to the admin page of an instance of any registered model."""
    url = reverse(f"admin:{instance._meta.app_label}_{instance._meta.model_name}_change", args=[instance.pk])
    return format_html('<a href="{}">{}</a>', url, text)


def order_search_url(number: str) -> str | None:
    """The admin page that finds the order with this number; built without a query. None for any other text."""
    return f"{reverse('admin:orders_order_changelist')}?q={number}" if number.startswith("CV-") else None
