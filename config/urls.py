"""URL configuration: admin, API, webhooks and the storefront."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.utils.translation import gettext_lazy as _

from config.parts import own_apps
from shop.limits.views import asks_for_password
from shop.pictures import urls as pictures

admin.autodiscover()
admin.site.site_header = admin.site.site_title = _("Conveyor operations")
admin.site.index_title = _("Overview")

_change_password = admin.site.admin_view(admin.site.password_change, cacheable=True)

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/password_change/", asks_for_password(_change_password)),
    path("admin/", admin.site.urls),
    path("api/", include("shop.api.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("webhooks/", include("payments.urls")),
    path("webhooks/", include("shipping.urls")),
    path("payments/", include("payments.simulated_bank.urls")),
    *own_apps.url_patterns(),
    *pictures.url_patterns(),
    path("", include("shop.urls")),
]

handler400 = "shop.site.error_pages.bad_request"
handler403 = "shop.site.error_pages.forbidden"
handler404 = "shop.site.error_pages.not_found"
handler500 = "shop.site.error_pages.server_error"
