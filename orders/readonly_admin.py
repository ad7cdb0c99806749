"""Read-only base classes for admin pages, and links between them."""

from contextlib import suppress
from typing import Any, Final, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import QuerySet
from django.forms.models import _get_foreign_key  # as the admin itself does
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders.models import NUMBER_PREFIX, Order


class _ReadOnly:
    """Edits in the admin would bypass the services and the rules that they enforce."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts and pages through the first `MOST` rows, so that a list costs the same at any size of its table."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        """At most `MOST`."""
        return min(self._counted, self.MOST)

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than the pages show."""
        return self._counted > self.MOST

    def page(self, number: int | str) -> Page[Any]:
        """Beyond the first page, skips rows in the index alone, not in all tables that the list shows."""
        page = super().page(number)
        if page.number > 1:
            rows: Any = self.object_list
            keys = list(cast("QuerySet[Any]", page.object_list).values_list("pk", flat=True))
            page.object_list = rows.filter(pk__in=keys)
        return page

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return rows.order_by()[: self.MOST + 1].count()


_EXACT: Final = {"", "exact", "in", "isnull", "id", "pk", "id__exact", "pk__exact"}
_RANGES: Final = {"gt", "gte", "lt", "lte"}


def is_exact_lookup(model: type[models.Model], lookup: str) -> bool:
    """Whether a list may be filtered by an address's lookup: values as a whole, and ranges of dates.

    Django allows every lookup on a column. By parts of a text, whoever sees the list could guess what it does not show.
    """
    name, _separator, rest = lookup.partition("__")
    if rest in _EXACT:
        return True
    with suppress(FieldDoesNotExist):
        return rest in _RANGES and isinstance(model._meta.get_field(name), models.DateField)
    return False


class BoundedList(ChangeList):
    """Sorts by the columns in `sortable_by` only, also where an address names another one."""

    def get_ordering_field(self, field_name: Any) -> Any:
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class ReadOnlyAdmin(_ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Lists that cost the same at any size of their table.

    Subclasses sort, filter and search by columns with an index, list the values of a filter without reading the table,
    and search by one column at a time: PostgreSQL answers a choice between columns of two tables by reading both.
    """

    list_per_page = 50
    paginator = BoundedPaginator
    change_list_template = "admin/orders/bounded_list.html"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return is_exact_lookup(self.model, lookup) and super().lookup_allowed(lookup, value, request)


class ReadOnlyInline(_ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    template = "admin/orders/readonly_tabular.html"
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each with its parent, read once for all of them: their columns take the currency from it."""
        parent = _get_foreign_key(self.parent_model, self.model, fk_name=self.fk_name)
        return super().get_queryset(request).prefetch_related(parent.name)


def order_link(order: Order) -> SafeString:
    url = reverse("admin:orders_order_change", args=[order.pk])
    return format_html('<a class="nowrap" href="{}">{}</a>', url, order.number)


def admin_link(instance: Any, text: object) -> SafeString:
    """A link to the admin page of an instance of any registered model. Its text, a number or a time, stays whole."""
    url = reverse(f"admin:{instance._meta.app_label}_{instance._meta.model_name}_change", args=[instance.pk])
    return format_html('<a class="nowrap" href="{}">{}</a>', url, text)


def order_search_url(number: str) -> str | None:
    """The admin page that finds the order with this number; built without a query. None for any other text."""
    return f"{reverse('admin:orders_order_changelist')}?q={number}" if number.startswith(NUMBER_PREFIX) else None
