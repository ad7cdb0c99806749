"""Shared by all pages of the desk: read-only records, one format for times, masked payloads."""

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from messaging import clock
from messaging.hooks import subject_links
from messaging.models import Message
from messaging.operations import permissions
from messaging.operations.admin.saved_filters.links import saved_filter_links
from messaging.operations.failures import labels
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask, mask_text

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

#: Of a filter to return to: browsers, proxies and Django refuse a longer address.
_QUERY_CHARACTERS = 4_000


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


class ReadOnlyAdmin(ModelAdmin):
    """Bounded pages, no count over the whole ledger, and no changes except by the desk's own actions."""

    list_per_page = 50
    paginator: ClassVar[type[Paginator]] = BoundedPaginator  # type: ignore[type-arg]
    change_list_template = "admin/operations/bounded_list.html"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    class Media:
        css = {"all": ["operations/admin.css", "operations/lists.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return is_exact_lookup(self.model, lookup) and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("messaging.view_message")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        links = saved_filter_links(request, f"{self.opts.app_label}_{self.opts.model_name}")
        return super().changelist_view(request, {**links, **(extra_context or {})})

    def log(self, request: HttpRequest, rows: Iterable[Any], text: str) -> None:
        """Add to Django's admin history, beside the audit log that the services write."""
        LogEntry.objects.log_actions(request.user.pk, list(rows), CHANGE, change_message=mask_text(text))  # type: ignore[arg-type]

    def log_list(self, request: HttpRequest, text: str) -> None:
        """Add an action on the whole list, such as an export, to Django's admin history."""
        LogEntry.objects.create(
            user_id=str(request.user.pk),
            content_type=ContentType.objects.get_for_model(self.model, for_concrete_model=False),
            object_repr=str(self.opts.verbose_name_plural)[:200],
            action_flag=CHANGE,
            change_message=mask_text(text),
        )

    @admin.display(description=_("subject"), ordering="subject")
    def subject_column(self, message: Message) -> str | SafeString:
        return subject_link(message.subject)

    @admin.display(description=_("payload, masked"))
    def payload_text(self, message: Message) -> SafeString:
        return as_json(mask(message.payload))

    @admin.display(description=_("raw message, masked"))
    def raw_text(self, message: Message) -> str | SafeString:
        """Body and headers of a message that was undecodable or did not come from the ledger."""
        if message.raw_body is None:
            return "–"
        return format_html('<pre class="desk-text">{}\n\n{}</pre>', raw_body(message), raw_headers(message))


def viewer_who_may(request: HttpRequest, codename: str) -> Actor:
    """The user, if allowed to see failures, which the answer shows, and to do `codename`. Raises `PermissionDenied`."""
    actor = Actor.of(request.user)
    actor.require(permissions.VIEW)
    actor.require(codename)
    return actor


def subject_link(subject: str) -> str | SafeString:
    """The subject, linked to its own page where an app has registered one."""
    url = subject_links.url_for(subject)
    return format_html('<a class="desk-about" href="{}">{}</a>', url, subject) if url else subject or "–"


def list_url(page: str, query: str = "") -> str:
    """Address of a list, whose URL name begins with `page`, as it was filtered. Without a filter too long for one."""
    url = reverse(f"admin:{page}_changelist")
    return f"{url}?{query}" if query and len(query) <= _QUERY_CHARACTERS else url


def state_badge(message: Message) -> SafeString:
    """The message's state as text; `data-state` only adds a colour."""
    return format_html('<span class="desk-state" data-state="{}">{}</span>', message.state, labels.label_of(message))


def with_code(text: Any) -> SafeString:
    """Plain text in HTML, with what stands in backquotes as code."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(str(text))))  # noqa: S308 - escaped before


def moment(at: datetime | None, text: Callable[[datetime | None], str] = clock.text) -> str | SafeString:
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), text(at)) if at else "–"


def exact(at: datetime | None) -> str | SafeString:
    """To the second: attempts follow each other quickly."""
    return moment(at, clock.exact)


def excerpt(text: str, *, most: int) -> str:
    """The beginning of `text`, in at most `most` characters: cut between words, or within one that is too long."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    begin, space, _word = text[:most].rpartition(" ")
    return f"{begin if space else text[: most - 1]}…"


def time_column(field: str, description: Any) -> Callable[[Any, Any], str | SafeString]:
    """A list column or read-only field that shows the time in `field`."""

    @admin.display(description=description, ordering=field)
    def column(page: Any, row: Any) -> str | SafeString:
        return moment(getattr(row, field))

    return column


def as_json(value: Any) -> SafeString:
    """Indented, unless it is nested too deeply for that."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    except RecursionError:
        text = json.dumps(value, ensure_ascii=False)
    return format_html('<pre class="desk-text">{}</pre>', text)


def raw_body(message: Message) -> str:
    """The first 4,000 bytes of the raw body, masked."""
    body = bytes(message.raw_body or b"")[:4000].decode("utf-8", errors="backslashreplace")
    try:
        return json.dumps(mask(json.loads(body)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return mask_text(body)


def raw_headers(message: Message) -> str:
    return json.dumps(_masked_headers(message.raw_headers), indent=2, ensure_ascii=False)


def _masked_headers(headers: Any) -> Any:
    """Celery's own headers, such as the host name, are not personal data; its copies of the arguments are."""
    if not isinstance(headers, dict):
        return mask(headers)
    return {key: mask_text(value) if isinstance(value, str) else mask(value) for key, value in headers.items()}
