"""Admin actions on all rows of a list, which may be any number: refused beyond what one transaction should change."""

from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

#: Rows of one action. Chosen one by one they are fewer: a form has at most `DATA_UPLOAD_MAX_NUMBER_FIELDS`.
MAX_CHOSEN: Final = 1000


class BoundedActions(ModelAdmin):
    """An admin whose actions change what they are given in one transaction, with its rows locked."""

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:  # type: ignore[override]
        is_across = request.POST.get("select_across") == "1"
        if is_across and len(queryset.order_by().values_list("pk")[: MAX_CHOSEN + 1]) > MAX_CHOSEN:
            text = _("Nothing was changed: an action is done for at most %(limit)d rows at once. Filter the list.")
            self.message_user(request, text % {"limit": MAX_CHOSEN}, messages.WARNING)
            return None
        response: HttpResponseBase | None = super().response_action(request, queryset)
        return response
