"""Which address of the storefront leads where?"""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from shop.views import account, basket, catalogue, checkout, favicon, orders

app_name = "shop"

urlpatterns = [
    path("", catalogue.home, name="home"),
    path("categories/<slug:slug>/", catalogue.category, name="category"),
    path("products/<slug:slug>/", catalogue.product, name="product"),
    path("search/", catalogue.search, name="search"),
    path("basket/", basket.show, name="basket"),
    path("basket/add/", basket.add, name="basket_add"),
    path("basket/change/", basket.change, name="basket_change"),
    path("basket/remove/", basket.remove, name="basket_remove"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/<slug:public_id>/", orders.show, name="order"),
    path("orders/<slug:public_id>/live/", orders.live, name="order_live"),
    path("orders/<slug:public_id>/cancel/", orders.cancel, name="order_cancel"),
    path("orders/<slug:public_id>/pay/", orders.pay, name="order_pay"),
    path("orders/<slug:public_id>/reorder/", orders.reorder, name="order_reorder"),
    path("orders/<slug:public_id>/invoice.pdf", orders.invoice, name="order_invoice"),
    path("account/", account.account, name="account"),
    path(
        "account/login/",
        LoginView.as_view(template_name="shop/login.html", next_page="shop:account", redirect_authenticated_user=True),
        name="login",
    ),
    path("favicon.ico", favicon.favicon, name="favicon"),
    path("account/logout/", LogoutView.as_view(next_page="shop:home"), name="logout"),
]
