"""Types of the demo's categories and products."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CategoryData:
    slug: str
    name: str
    blurb: str


@dataclass(frozen=True, slots=True)
class ProductData:
    """`price` is in cents of a euro; `image` is a path below static/; `stock` is what is there on the first day."""

    sku: str
    slug: str
    name: str
    tagline: str
    description: str
    category: str
    price: int
    image: str
    stock: int


@dataclass(frozen=True, slots=True)
class TextData:
    """A product's words in another language. An empty field leaves the product's own."""

    name: str
    tagline: str
    description: str


@dataclass(frozen=True, slots=True)
class CategoryTextData:
    name: str
    blurb: str
