"""Admin of users and groups: Django's own, but that it undoes nothing that happened since a page was opened.

An account that has personal data elsewhere is not deleted, but closed and erased.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from shop.accounts.closing import lock_accounts
from shop.accounts.erased_meanwhile import is_gone
from shop.accounts.forms import OperatorsPasswordForm, OperatorsUserForm
from shop.accounts.operators import not_deletable
from shop.accounts.views import erasures
from shop.models import Erasure, User
from shop.stale_pages import FreshAdmin

NOT_DELETED = _(
    "Nothing was deleted: orders and messages would keep the personal data. Open the account, and close and erase it."
)

admin.site.unregister(Group)


@admin.register(Group)
class ShopGroupAdmin(FreshAdmin, GroupAdmin):
    pass


@admin.register(User)
class ShopUserAdmin(FreshAdmin, UserAdmin):  # type: ignore[type-arg]
    form = OperatorsUserForm
    change_password_form = OperatorsPasswordForm
    readonly_fields = ("last_login", "date_joined")
    fieldsets = ((None, {"fields": ("username", "password", "seen")}), *(UserAdmin.fieldsets or ())[1:])

    actions = ("delete_selected",)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:user_id>/erase/", wrap(erasures.erase_account), name="shop_user_erase"),
            path("erase-guest/", wrap(erasures.erase_guest), name="shop_user_erase_guest"),
            *super().get_urls(),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not of an account that is being erased."""
        is_closed = obj is not None and Erasure.objects.filter(pk=obj.pk).exists()
        return not is_closed and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_kept = obj is not None and not_deletable(User.objects.filter(pk=obj.pk)).exists()
        return not is_kept and super().has_delete_permission(request, obj)

    @transaction.atomic
    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Leads to the page that erases the account, if it may not be deleted."""
        found = self.get_object(request, unquote(object_id))
        if found is not None and _is_kept(User.objects.filter(pk=found.pk)):
            self.message_user(request, str(NOT_DELETED), messages.ERROR)
            return redirect("admin:shop_user_change", found.pk)
        return super().delete_view(request, object_id, extra_context)

    @admin.action(permissions=["delete"], description=delete_selected.short_description)  # type: ignore[attr-defined]
    @transaction.atomic
    def delete_selected(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        if _is_kept(chosen):
            self.message_user(request, str(NOT_DELETED), messages.ERROR)
            return None
        response: HttpResponse | None = delete_selected(self, request, chosen)
        return response

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """404 for an account that is erased meanwhile, too."""
        try:
            return super().user_change_password(request, id, form_url)
        except Exception as error:
            if is_gone(id, error):
                raise Http404 from None
            raise


def _is_kept(chosen: QuerySet[User]) -> bool:
    """Locks the accounts, for which an order could be placed before they are deleted."""
    lock_accounts(chosen)
    return not_deletable(chosen).exists()
