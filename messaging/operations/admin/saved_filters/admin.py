"""Saved filters: save and delete. `links` shows them above the lists."""

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from messaging.operations import actions
from messaging.operations.actions.saved_filters import normalized
from messaging.operations.admin.base import ModelAdmin, list_url
from messaging.operations.models import FilteredList, SavedFilter
from messaging.operations.permissions import Actor


@admin.register(SavedFilter)
class SavedFilterAdmin(ModelAdmin):
    """Not in the menu: the lists show the filters."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("save/", wrap(require_POST(self.save_view)), name="operations_savedfilter_save"),
            path("<int:id_>/remove/", wrap(require_POST(self.remove_view)), name="operations_savedfilter_remove"),
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def save_view(self, request: HttpRequest) -> HttpResponse:
        page, query = request.POST.get("page", ""), request.POST.get("query", "")
        if page not in FilteredList:
            raise Http404
        try:
            saved = actions.save_filter(
                page=FilteredList(page),
                name=request.POST.get("name", ""),
                query=query,
                shared="shared" in request.POST,
                actor=Actor.of(request.user),
            )
        except actions.FilterRefused as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            self.log_addition(request, saved, _("Filter saved."))
            self.message_user(request, _("Filter saved."), messages.SUCCESS)
        return HttpResponseRedirect(list_url(page, normalized(query)))

    def remove_view(self, request: HttpRequest, id_: int) -> HttpResponse:
        try:
            saved = actions.delete_filter(id_=id_, actor=Actor.of(request.user))
        except SavedFilter.DoesNotExist:
            if (page := request.POST.get("page", "")) not in FilteredList:
                raise Http404 from None
            return HttpResponseRedirect(list_url(page))  # the first of two clicks has deleted it, as the list shows
        self.log_deletions(request, [saved])  # type: ignore[arg-type]
        self.message_user(request, _("Filter deleted."), messages.SUCCESS)
        return HttpResponseRedirect(list_url(saved.page, saved.query))
