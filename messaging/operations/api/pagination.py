"""Pagination of the API's lists."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """`?page=N` → `{count, next, previous, results}`."""

    page_query_param = "page"
    page_size = 24
