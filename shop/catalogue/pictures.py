"""URLs of product pictures."""

from django.templatetags.static import static

from shop.models import Product

NO_PICTURE = "shop/products/parcel.webp"


def picture(product: Product) -> str:
    """URL of a product's picture. A wrong path entered in the admin must not break the page."""
    return picture_at(product.image)


def picture_at(path: str) -> str:
    try:
        return static(path or NO_PICTURE)
    except ValueError:
        return static(NO_PICTURE)
