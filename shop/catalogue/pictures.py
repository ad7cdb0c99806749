"""URLs of product pictures."""

from django.templatetags.static import static

from shop.models import Product

NO_PICTURE = "shop/products/parcel.webp"


def picture(product: Product) -> str:
    """The address of a product's picture. A wrong path in the admin must not take the page down."""
    return picture_at(product.image)


def picture_at(path: str) -> str:
    try:
        return static(path or NO_PICTURE)
    except ValueError:
        return static(NO_PICTURE)
