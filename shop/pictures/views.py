"""Serves uploaded pictures where no proxy or object store does."""

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def show(request: HttpRequest, name: str) -> HttpResponse:
    """A file of the media storage. The URL pattern admits only names that uploads get."""
    try:
        with default_storage.open(name) as file:
            content = file.read()
    except (FileNotFoundError, IsADirectoryError):
        raise Http404 from None
    # Pictures are compressed already, and GZipMiddleware would try again for each request.
    request.META.pop("HTTP_ACCEPT_ENCODING", None)
    return HttpResponse(content, content_type="image/webp")
