"""URLs of the API."""

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from shop.api import orders, products, returns, tokens
from shop.api.views import Unknown

app_name = "api"


def desk_urls() -> list[URLPattern | URLResolver]:
    """URLs of the desk's API, if the desk is installed."""
    return [path("v1/", include("messaging.operations.api.urls"))] if apps.is_installed("messaging.operations") else []


urlpatterns = [
    path("v1/products/", products.Products.as_view(), name="products"),
    path("v1/products/<str:sku>/", products.ProductDetail.as_view(), name="product"),
    path("v1/orders/", orders.Orders.as_view(), name="orders"),
    path("v1/orders/<slug:public_id>/", orders.OrderDetail.as_view(), name="order"),
    path("v1/orders/<slug:public_id>/cancel/", orders.Cancel.as_view(), name="order-cancel"),
    path("v1/orders/<slug:public_id>/pay/", orders.Pay.as_view(), name="order-pay"),
    path("v1/orders/<slug:public_id>/refunds/", orders.Refunds.as_view(), name="order-refunds"),
    path("v1/orders/<slug:public_id>/returns/", returns.Returns.as_view(), name="order-returns"),
    path("v1/auth/token/", tokens.Tokens.as_view(), name="token"),
    *desk_urls(),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api:schema", template_name="shop/api/docs.html"),
        name="docs",
    ),
    re_path(r"^", Unknown.as_view(), name="unknown"),
]
