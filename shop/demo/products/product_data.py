"""Types of the demo's categories and products."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CategoryData:
    slug: str
    colour: str
    name: str
    blurb: str


@dataclass(frozen=True, slots=True)
class ProductData:
    """`price` is in cents of a euro; `image` is a path below static/; `stock` is the initial stock."""

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
    """A product's texts in another language. An empty field falls back to the product's own text."""

    name: str
    tagline: str
    description: str


@dataclass(frozen=True, slots=True)
class CategoryTextData:
    name: str
    blurb: str
