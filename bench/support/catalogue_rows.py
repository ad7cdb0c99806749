"""Products with invented texts, whose words are as frequent as those of a language."""

import random
from collections.abc import Iterator

STEP = 5000
_SYLLABLES = [a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "er", "in", "or")]


class Catalogue:
    """Six categories; the same products in every run. `vocabulary` lists the words, the commonest first."""

    def __init__(self, *, stock: int | None = None) -> None:
        from shop.models import Category

        self.dice = random.Random(7)
        words = ("".join(self.dice.choices(_SYLLABLES, k=self.dice.randint(2, 4))) for _ in range(20_000))
        self.vocabulary = list(dict.fromkeys(words))
        self._weights = [1 / (place + 10) for place in range(len(self.vocabulary))]
        self._stock = stock
        self._shelves = [Category.objects.create(name=f"Shelf {n}", slug=f"shelf-{n}", position=n) for n in range(6)]

    def text(self, size: int) -> str:
        return " ".join(self.dice.choices(self.vocabulary, self._weights, k=size))

    def add(self, numbers: range) -> None:
        """The products B-n of these numbers. Each has `stock`, or 0 to 5."""
        from shop.models import Product

        for start in range(numbers.start, numbers.stop, STEP):
            Product.objects.bulk_create(self._products(range(start, min(start + STEP, numbers.stop))))

    def _products(self, numbers: range) -> Iterator["object"]:
        from shop.models import Product

        for n in numbers:
            yield Product(
                sku=f"B-{n}", slug=f"b-{n}", name=self.text(3), tagline=self.text(4), description=self.text(18),
                position=n, category=self._shelves[n % 6], price=self.dice.randint(100, 100_000),
                stock=self.dice.randint(0, 5) if self._stock is None else self._stock,
            )  # fmt: skip
