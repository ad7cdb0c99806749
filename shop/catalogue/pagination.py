"""Pagination of product lists and search results of any size."""

from collections.abc import Sequence
from functools import cached_property
from typing import cast, overload

from django.core.paginator import Paginator

from shop.catalogue.search import MOST
from shop.models import Product, ProductQuerySet


class ProductPaginator(Paginator):  # type: ignore[type-arg]
    """Counts and shows at most `MOST` products, since nobody pages further; filters narrow down to the others."""

    @cached_property
    def count(self) -> int:
        """At most `MOST`."""
        return min(self._counted, MOST)

    @property
    def is_capped(self) -> bool:
        """Whether there are more products than the pages show."""
        return self._counted > MOST

    @cached_property
    def _counted(self) -> int:
        found = cast("ProductQuerySet | SearchHits", self.object_list)
        return found.counted if isinstance(found, SearchHits) else found.order_by()[: MOST + 1].count()


class SearchHits(Sequence[Product]):
    """Search results in ranked order, of which only the sliced products are read, from `among`.

    `counted` may exceed `MOST`, the limit of results held here.
    """

    def __init__(self, keys: Sequence[int], among: ProductQuerySet) -> None:
        self.counted = len(keys)
        self._keys, self._among = keys[:MOST], among

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> Product: ...

    @overload
    def __getitem__(self, place: slice) -> list[Product]: ...

    def __getitem__(self, place: int | slice) -> Product | list[Product]:
        if isinstance(place, int):
            return self[place : place + 1][0]
        keys = self._keys[place]
        found = self._among.in_bulk(keys) if keys else {}
        return [found[key] for key in keys if key in found]
