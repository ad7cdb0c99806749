"""Storefront pages of the catalogue: home, product lists, search and product page."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from shop.basket.services import MAX_QUANTITY
from shop.catalogue import selectors
from shop.catalogue.home_page import home_page
from shop.catalogue.listing import listing_context, render_listing
from shop.catalogue.reviews import selectors as reviews
from shop.checkout.shipping_options import shipping_options, time_until_cutoff
from shop.models import Category, Product
from shop.seo.structured_data import of_product, of_site

_SHORTEST_QUERY, _LONGEST_QUERY = 2, 100
_LARGEST_CHOICE = 10


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    page = home_page()
    # The header shows the same categories, so they are read only once.
    context = {"home": page, "shop_categories": page.categories, "structured": of_site()}
    return render(request, "shop/catalogue/home.html", context)


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    return render_listing(request, "shop/catalogue/products.html", listing_context(request))


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        shown = selectors.category(slug=slug)
    except Category.DoesNotExist:
        raise Http404 from None
    context = listing_context(request, category=slug) | {"category": shown}
    return render_listing(request, "shop/catalogue/category.html", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    context = listing_context(request)
    query = context["criteria"].search
    context["query"] = query
    if query and not context["page"].paginator.count and not context["chips"]:
        context |= {"meant": selectors.correction(query=query), "popular": selectors.popular()}
    return render_listing(request, "shop/catalogue/search.html", context)


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Called on every keystroke, so an unusable query gets an empty response rather than an error."""
    query = request.GET.get("q", "").strip()
    is_usable = _SHORTEST_QUERY <= len(query) <= _LONGEST_QUERY
    found = selectors.suggestions(query=query) if is_usable else None
    return render(request, "shop/catalogue/_suggestions.html", {"query": query, "suggested": found})


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    shown = product_or_404(request, slug)
    now = timezone.now()
    page = reviews.reviews_of(product=shown, page=request.GET.get("reviews"))
    context = {
        "product": shown,
        "quantities": range(1, min(shown.stock, MAX_QUANTITY, _LARGEST_CHOICE) + 1),
        "related_products": selectors.related_products(of=shown),
        "offers": shipping_options(now=now),
        "leaves_in": time_until_cutoff(now=now),
        "reviews": page,
        "histogram": reviews.histogram(product=shown),
        "eligibility": reviews.eligibility(shown),
        "structured": of_product(product=shown, reviews=list(page)),
    }
    return render(request, "shop/catalogue/product.html", context)


def product_or_404(request: HttpRequest, slug: str) -> Product:
    """The listed product, with the visitor's eligibility to review it."""
    try:
        return reviews.with_eligibility(Product.objects.on_shelves(), user=request.user).get(slug=slug)
    except Product.DoesNotExist:
        raise Http404 from None
