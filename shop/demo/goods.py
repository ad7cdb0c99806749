"""How does the demo catalogue get into the database?"""

from messaging.ledger import transaction
from shop.demo.catalogue import CATEGORIES, PRODUCTS, ProductData
from shop.models import Category, Product
from shop.services import restock

REFERENCE = "demo"
CURRENCY = "EUR"


def stock_the_shelves() -> int:
    """Make the categories and products that are missing, with their first stock; how many products were made.

    What is there is left as it is: somebody may have changed it.
    """
    with transaction():
        categories = _categories()
        known = set(Product.objects.filter(sku__in=[data.sku for data in PRODUCTS]).values_list("sku", flat=True))
        made = [
            _product(data, categories, position)
            for position, data in enumerate(PRODUCTS, start=1)
            if data.sku not in known
        ]
        Product.objects.bulk_create(made)
        first = {data.sku: data.stock for data in PRODUCTS}
        restock(
            quantities={product.pk: first[product.sku] for product in made if first[product.sku]}, reference=REFERENCE
        )
    return len(made)


def _categories() -> dict[str, Category]:
    return {
        data.slug: Category.objects.get_or_create(
            slug=data.slug, defaults={"name": data.name, "blurb": data.blurb, "position": position}
        )[0]
        for position, data in enumerate(CATEGORIES, start=1)
    }


def _product(data: ProductData, categories: dict[str, Category], position: int) -> Product:
    return Product(
        sku=data.sku,
        slug=data.slug,
        name=data.name,
        tagline=data.tagline,
        description=data.description,
        category=categories[data.category],
        price=data.price,
        currency=CURRENCY,
        image=data.image,
        position=position,
    )
