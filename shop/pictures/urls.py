"""URL of uploaded pictures, unless another server has them."""

from django.conf import settings
from django.urls import URLPattern, re_path

from shop.pictures import views
from shop.pictures.sizes import NAME


def url_patterns() -> list[URLPattern]:
    if not settings.MEDIA_URL.startswith("/"):
        return []
    prefix = settings.MEDIA_URL.lstrip("/")
    return [re_path(rf"^{prefix}(?P<name>{NAME})\Z", views.show, name="picture")]
