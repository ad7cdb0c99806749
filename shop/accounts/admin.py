"""Admin of users and groups: Django's own, but that it undoes nothing that happened since a page was opened."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest, HttpResponse

from shop.accounts.erased_meanwhile import is_gone
from shop.accounts.forms import OperatorsPasswordForm, OperatorsUserForm
from shop.models import User
from shop.stale_pages import FreshAdmin

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

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """404 for an account that is erased meanwhile, too."""
        try:
            return super().user_change_password(request, id, form_url)
        except Exception as error:
            if is_gone(id, error):
                raise Http404 from None
            raise
