"""Which address of the storefront leads where?"""

from django.urls import path

from shop import account_urls
from shop.views import (
    about,
    basket,
    catalogue,
    checkout,
    crawlers,
    favicon,
    home,
    orders,
    products,
    reviews,
)

app_name = "shop"

urlpatterns = [
    path("", home.home, name="home"),
    path("products/", catalogue.everything, name="products"),
    path("categories/<slug:slug>/", catalogue.category, name="category"),
    path("products/<slug:slug>/", products.show, name="product"),
    path("products/<slug:slug>/review/", reviews.write, name="review"),
    path("products/<slug:slug>/review/withdraw/", reviews.withdraw, name="review_withdraw"),
    path("about/", about.about, name="about"),
    path("delivery/", about.delivery_and_returns, name="delivery"),
    path("robots.txt", crawlers.robots, name="robots"),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
    path("search/", catalogue.search, name="search"),
    path("search/suggestions/", catalogue.suggestions, name="suggestions"),
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
    path("favicon.ico", favicon.favicon, name="favicon"),
    path("manifest.webmanifest", favicon.manifest, name="manifest"),
    *account_urls.urlpatterns,
]
