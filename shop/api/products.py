"""Product endpoints: list and detail."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.operations.api.docs import PAGE, problems
from messaging.operations.api.fields import read
from shop.api.inputs import ProductQuery
from shop.api.outputs import ProductOut
from shop.catalogue import selectors as catalogue
from shop.catalogue.search import Criteria
from shop.models import Product


class Products(GenericAPIView[Product]):
    serializer_class = ProductOut

    @extend_schema(
        operation_id="products_list",
        parameters=[ProductQuery, PAGE],
        responses={200: ProductOut(many=True), **problems(400, 401, 404)},
    )
    def get(self, request: Request) -> Response:
        """List products, filtered, searched and sorted."""
        criteria = read(ProductQuery, request.query_params)
        found = catalogue.matching(criteria=Criteria(**criteria))
        page = self.paginate_queryset(found)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ProductDetail(GenericAPIView[Product]):
    serializer_class = ProductOut

    @extend_schema(operation_id="products_read", responses={200: ProductOut, **problems(401, 404)})
    def get(self, request: Request, sku: str) -> Response:
        """Read one product by SKU."""
        if not sku.isprintable():  # PostgreSQL rejects NUL characters with an error
            raise Http404
        try:
            product = catalogue.listed_product(sku=sku)
        except Product.DoesNotExist:
            raise Http404 from None
        return Response(self.get_serializer(product).data)
