"""Storefront pages of the catalogue: home, product lists, search and product page."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from shop.basket.services import MAX_QUANTITY
from shop.catalogue import selectors
from shop.catalogue.home_page import home_page
from shop.catalogue.listing import LISTING_PARAMETERS, listing_context, pushes_url
from shop.catalogue.reviews import selectors as reviews
from shop.checkout.shipping_options import shipping_options, time_until_cutoff
from shop.models import Category, Product, ProductQuerySet
from shop.seo.structured_data import of_product, of_site
from shop.site.shared_pages import SharedRequest, shared_page

_SHORTEST_QUERY, _LONGEST_QUERY = 2, 100
LARGEST_CHOICE = 10


@require_safe
@shared_page(slots=32)
def home(request: SharedRequest) -> HttpResponse:
    page = home_page()
    # The header shows the same categories, so they are read only once.
    context = {"home": page, "shop_categories": page.categories, "structured": of_site()}
    return render(request, "shop/catalogue/home.html", context)


@require_safe
@pushes_url
@shared_page(slots=128, parameters=LISTING_PARAMETERS)
def products(request: SharedRequest) -> HttpResponse:
    return render(request, "shop/catalogue/products.html", listing_context(request))


@require_safe
@pushes_url
@shared_page(slots=256, parameters=LISTING_PARAMETERS)
def category(request: SharedRequest, slug: str) -> HttpResponse:
    try:
        shown = selectors.category(slug=slug)
    except Category.DoesNotExist:
        raise Http404 from None
    context = listing_context(request, category=slug) | {"category": shown}
    return render(request, "shop/catalogue/category.html", context)


@require_safe
@pushes_url
@shared_page(slots=256, parameters=LISTING_PARAMETERS)
def search(request: SharedRequest) -> HttpResponse:
    context = listing_context(request)
    query = context["criteria"].search
    context["query"] = query
    if query and not context["page"].paginator.count and not context["chips"]:
        context |= {"meant": selectors.correction(query=query), "popular": selectors.popular()}
    return render(request, "shop/catalogue/search.html", context)


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Called on every keystroke, so an unusable query gets an empty response rather than an error."""
    query = request.GET.get("q", "").strip()
    is_usable = _SHORTEST_QUERY <= len(query) <= _LONGEST_QUERY
    found = selectors.suggestions(query=query) if is_usable else None
    return render(request, "shop/catalogue/_suggestions.html", {"query": query, "suggested": found})


def review_invitation(request: HttpRequest, *, slug: str) -> str:
    eligibility = reviews.eligibility_of(user=request.user, slug=slug)
    return render_to_string("shop/catalogue/reviews/_invitation.html", {"eligibility": eligibility, "slug": slug})


@require_safe
@shared_page(slots=512, parameters=("reviews",), pieces={"review_invitation": review_invitation})
def product(request: SharedRequest, slug: str) -> HttpResponse:
    shown = _or_404(reviews.with_histogram(Product.objects.on_shelves()), slug)
    now = timezone.now()
    page = reviews.reviews_of(product=shown, page=request.GET.get("reviews"))
    context = {
        "product": shown,
        "quantities": range(1, min(shown.stock, MAX_QUANTITY, LARGEST_CHOICE) + 1),
        "related_products": selectors.related_products(of=shown),
        "offers": shipping_options(now=now),
        "leaves_in": time_until_cutoff(now=now),
        "reviews": page,
        "histogram": reviews.histogram(shown),
        "review_invitation": request.gap("review_invitation"),
        "structured": of_product(product=shown, reviews=list(page)),
    }
    return render(request, "shop/catalogue/product.html", context)


def product_or_404(request: HttpRequest, slug: str) -> Product:
    """The listed product, with the visitor's eligibility to review it."""
    return _or_404(reviews.with_eligibility(Product.objects.on_shelves(), user=request.user), slug)


def _or_404(products: ProductQuerySet, slug: str) -> Product:
    try:
        return products.get(slug=slug)
    except Product.DoesNotExist:
        raise Http404 from None
