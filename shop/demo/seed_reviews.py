"""Publishes the demo's example reviews."""

from datetime import timedelta

from django.utils import timezone

from shop.catalogue.reviews.services import publish_examples
from shop.demo.example_reviews import EXAMPLES
from shop.models import Product, Review

# Interval between reviews, so that they look as if they had been written one by one.
_INTERVAL = timedelta(days=2, hours=5)


def create_reviews() -> int:
    """Publish missing example reviews, without user or order, in a few statements. Returns their number."""
    products = dict(Product.objects.filter(sku__in={example.sku for example in EXAMPLES}).values_list("sku", "pk"))
    known = set(Review.objects.filter(user=None).exclude(author="").values_list("product", "author"))
    # Shuffled, so that the newest reviews are of different products.
    shuffled = sorted(range(len(EXAMPLES)), key=lambda place: place * 37 % len(EXAMPLES))
    missing = [
        Review(
            product_id=products[example.sku],
            author=example.author,
            stars=example.stars,
            title=example.title,
            text=example.text,
            at=timezone.now() - _INTERVAL * (age + 1),
        )
        for age, example in enumerate(EXAMPLES[place] for place in shuffled)
        if example.sku in products and (products[example.sku], example.author) not in known
    ]
    return publish_examples(reviews=missing) if missing else 0
