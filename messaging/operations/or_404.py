"""Rows that are deleted between a view's read and its write, by a colleague or by retention."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import Model
from django.http import Http404


@contextmanager
def or_404(model: type[Model]) -> Iterator[None]:
    """404 if the service finds no such row any more. A decorator, too."""
    try:
        yield
    except model.DoesNotExist:  # type: ignore[attr-defined]
        raise Http404 from None
