"""Creates the demo's categories and products, with their initial stock."""

from dataclasses import asdict

from messaging.outbox import transaction
from shop.demo.products import CATEGORIES, CATEGORY_TEXTS, PRODUCT_TEXTS, PRODUCTS, ProductData
from shop.models import Category, CategoryText, Product, ProductText
from shop.stock.services import restock

REFERENCE = "demo"
CURRENCY = "EUR"


def create_catalogue() -> int:
    """Create missing categories and products with their initial stock. Returns the number of products created.

    Existing ones are left unchanged: staff may have edited them.
    """
    with transaction():
        categories = _categories()
        known = set(Product.objects.filter(sku__in=[data.sku for data in PRODUCTS]).values_list("sku", flat=True))
        created = [
            _product(data, categories, position)
            for position, data in enumerate(PRODUCTS, start=1)
            if data.sku not in known
        ]
        Product.objects.bulk_create(created)
        initial_stock = {data.sku: data.stock for data in PRODUCTS}
        restock(
            quantities={product.pk: initial_stock[product.sku] for product in created if initial_stock[product.sku]},
            reference=REFERENCE,
        )
        _translate(categories)
    return len(created)


def _categories() -> dict[str, Category]:
    return {
        data.slug: Category.objects.get_or_create(
            slug=data.slug,
            defaults={"name": data.name, "blurb": data.blurb, "colour": data.colour, "position": position},
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


def _translate(categories: dict[str, Category]) -> None:
    CategoryText.objects.bulk_create(
        [
            CategoryText(category=categories[slug], language=language, **asdict(text))
            for language, texts in CATEGORY_TEXTS.items()
            for slug, text in texts.items()
        ],
        ignore_conflicts=True,
    )
    products = dict(Product.objects.filter(sku__in=[data.sku for data in PRODUCTS]).values_list("sku", "pk"))
    ProductText.objects.bulk_create(
        [
            ProductText(product_id=products[sku], language=language, **asdict(text))
            for language, texts in PRODUCT_TEXTS.items()
            for sku, text in texts.items()
        ],
        ignore_conflicts=True,
    )
