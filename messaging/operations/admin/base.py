"""What do all pages of the desk share? Records are looked at; nothing is added, deleted or edited as such."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging.hooks import subject_links
from messaging.models import Message
from messaging.operations.failures import labels
from messaging.operations.privacy.masking import mask, mask_text

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Bounded pages, no count over the whole ledger, and no way to change a record but by the desk's own verbs."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    class Media:
        css = {"all": ["operations/admin.css"]}

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

    def log(self, request: HttpRequest, rows: Iterable[Any], text: str) -> None:
        """Django's own history of the admin, beside the audit that the services keep."""
        LogEntry.objects.log_actions(request.user.pk, list(rows), CHANGE, change_message=mask_text(text))  # type: ignore[arg-type]

    def log_list(self, request: HttpRequest, text: str) -> None:
        """The same for a deed that is about no single record, such as an export."""
        LogEntry.objects.create(
            user_id=str(request.user.pk),
            content_type=ContentType.objects.get_for_model(self.model, for_concrete_model=False),
            object_repr=str(self.opts.verbose_name_plural)[:200],
            action_flag=CHANGE,
            change_message=mask_text(text),
        )

    @admin.display(description=_("about"), ordering="subject")
    def about(self, message: Message) -> str | SafeString:
        """The subject, with a link to its own page where an app knows one."""
        url = subject_links.url_for(message.subject)
        if not url:
            return message.subject or "–"
        return format_html('<a class="desk-about" href="{}">{}</a>', url, message.subject)

    @admin.display(description=_("payload, masked"))
    def payload_text(self, message: Message) -> SafeString:
        return as_text(mask(message.payload))

    @admin.display(description=_("raw message, masked"))
    def raw_text(self, message: Message) -> str | SafeString:
        """The bytes as they came, with the headers, where the message was not readable or not ours."""
        if message.raw_body is None:
            return "–"
        return format_html('<pre class="desk-text">{}\n\n{}</pre>', raw_body(message), raw_headers(message))


def state_word(message: Message) -> SafeString:
    """The honest word; its class only adds a colour to what the word says."""
    return format_html('<span class="desk-state" data-state="{}">{}</span>', message.state, labels.label_of(message))


def ago(at: Any) -> str | SafeString:
    """How long ago, since that is what one asks first; the exact time is the title."""
    return format_html('<time datetime="{0}" title="{0}">{1}</time>', at.isoformat(), naturaltime(at)) if at else "–"


def as_text(value: Any) -> SafeString:
    return format_html('<pre class="desk-text">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))


def raw_body(message: Message) -> str:
    """The first of the bytes as they came, personal data masked."""
    body = bytes(message.raw_body or b"")[:4000].decode("utf-8", errors="backslashreplace")
    try:
        return json.dumps(mask(json.loads(body)), ensure_ascii=False)
    except ValueError:
        return mask_text(body)


def raw_headers(message: Message) -> str:
    return json.dumps(_masked_headers(message.raw_headers), indent=2, ensure_ascii=False)


def _masked_headers(headers: Any) -> Any:
    """Celery's own headers, such as the host's name, are nobody's personal data; its copies of the arguments are."""
    if not isinstance(headers, dict):
        return mask(headers)
    return {key: mask_text(value) if isinstance(value, str) else mask(value) for key, value in headers.items()}
