"""URLs of the storefront."""

from django.urls import path

from shop.accounts.urls import urlpatterns as account_urls
from shop.basket import views as basket
from shop.catalogue import views as catalogue
from shop.catalogue.reviews import views as reviews
from shop.checkout import views as checkout
from shop.invoices import views as invoices
from shop.order_pages import lookup
from shop.order_pages import views as orders
from shop.returns import views as returns
from shop.seo import views as seo
from shop.site import colour_sheet
from shop.site import views as site

app_name = "shop"

urlpatterns = [
    path("", catalogue.home, name="home"),
    path("products/", catalogue.products, name="products"),
    path("categories/<slug:slug>/", catalogue.category, name="category"),
    path("products/<slug:slug>/", catalogue.product, name="product"),
    path("products/<slug:slug>/review/", reviews.write, name="review"),
    path("products/<slug:slug>/review/withdraw/", reviews.withdraw, name="review_withdraw"),
    path("about/", site.about, name="about"),
    path("delivery/", site.delivery_and_returns, name="delivery"),
    path("colours/<slug:digest>/<slug:colours>.css", colour_sheet.colours, name="colours"),
    path("robots.txt", seo.robots, name="robots"),
    path("sitemap.xml", seo.sitemap, name="sitemap"),
    path("search/", catalogue.search, name="search"),
    path("search/suggestions/", catalogue.suggestions, name="suggestions"),
    path("basket/", basket.show, name="basket"),
    path("basket/add/", basket.add, name="basket_add"),
    path("basket/change/", basket.change, name="basket_change"),
    path("basket/remove/", basket.remove, name="basket_remove"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("checkout/tax/", checkout.tax, name="checkout_tax"),
    path("orders/find/", lookup.find, name="order_find"),
    path("orders/<slug:public_id>/", orders.show, name="order"),
    path("orders/<slug:public_id>/return/", returns.ask, name="order_return"),
    path("orders/<slug:public_id>/returns/<uuid:return_id>/cancel/", returns.cancel, name="return_cancel"),
    path("orders/<slug:public_id>/returns/<uuid:return_id>/label.pdf", returns.label, name="return_label"),
    path("orders/<slug:public_id>/live/", orders.live, name="order_live"),
    path("orders/<slug:public_id>/cancel/", orders.cancel, name="order_cancel"),
    path("orders/<slug:public_id>/pay/", orders.pay, name="order_pay"),
    path("orders/<slug:public_id>/reorder/", orders.reorder, name="order_reorder"),
    path("orders/<slug:public_id>/invoice.pdf", invoices.download, name="order_invoice"),
    path(
        "orders/<slug:public_id>/credit-notes/<slug:number>.pdf",
        invoices.download_credit_note,
        name="order_credit_note",
    ),
    path("favicon.ico", seo.favicon, name="favicon"),
    path("manifest.webmanifest", seo.manifest, name="manifest"),
    *account_urls,
]
