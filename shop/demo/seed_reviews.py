"""Publishes the demo's example reviews."""

from datetime import timedelta

from django.utils import timezone

from shop.catalogue.reviews.services import publish_examples
from shop.demo.example_reviews import EXAMPLES
from shop.models import Product, Review

# Days between two opinions, so that they are as old as if they had come in one by one.
_PACE = timedelta(days=2, hours=5)


def create_reviews() -> int:
    """Publish the opinions that are missing, in a few statements; how many. They have no shopper and no order."""
    products = dict(Product.objects.filter(sku__in={said.sku for said in EXAMPLES}).values_list("sku", "pk"))
    known = set(Review.objects.filter(user=None).exclude(author="").values_list("product", "author"))
    # Products take turns, so that the newest opinions are not all of one.
    in_turn = sorted(range(len(EXAMPLES)), key=lambda place: place * 37 % len(EXAMPLES))
    missing = [
        Review(
            product_id=products[said.sku],
            author=said.author,
            stars=said.stars,
            title=said.title,
            text=said.text,
            at=timezone.now() - _PACE * (age + 1),
        )
        for age, said in enumerate(EXAMPLES[place] for place in in_turn)
        if said.sku in products and (products[said.sku], said.author) not in known
    ]
    return publish_examples(reviews=missing) if missing else 0
