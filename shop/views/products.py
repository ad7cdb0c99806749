"""What does a shopper see of one product?"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from shop import catalogue, delivery
from shop.basket import MAX_QUANTITY
from shop.models import Product
from shop.reviews import selectors as reviews
from shop.structured import of_product

_LARGEST_CHOICE = 10


@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    product = product_or_404(request, slug)
    now = timezone.now()
    page = reviews.reviews_of(product=product, page=request.GET.get("reviews"))
    context = {
        "product": product,
        "quantities": range(1, min(product.stock, MAX_QUANTITY, _LARGEST_CHOICE) + 1),
        "neighbours": catalogue.neighbours(of=product),
        "offers": delivery.offers(now=now),
        "leaves_in": delivery.until_cutoff(now=now),
        "reviews": page,
        "histogram": reviews.histogram(product=product),
        "standing": reviews.standing(product),
        "structured": of_product(product=product, reviews=list(page)),
    }
    return render(request, "shop/product.html", context)


def product_or_404(request: HttpRequest, slug: str) -> Product:
    """The listed product, with what the visitor may do about its reviews."""
    try:
        return reviews.with_standing(Product.objects.on_shelves(), user=request.user).get(slug=slug)
    except Product.DoesNotExist:
        raise Http404 from None
