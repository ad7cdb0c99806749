"""URLs and sizes of product pictures: the uploaded one, or the drawn one in static/ that the demo's products have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.db.models.functions import JSONObject
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.models import Product
from shop.pictures.sizes import Variant, variants

NO_PICTURE = "shop/products/parcel.webp"
#: Pixels, of a drawn picture.
_DRAWN = 256
#: What a browser without `srcset` gets, in pixels of the longest side.
_USUAL = 512
#: Of a product, what `Pictured.of` needs, for queries that do not read whole products.
_COLUMNS = ("image", "picture", "picture_width", "picture_height")
PICTURE = JSONObject(**{name: name for name in _COLUMNS})


@dataclass(frozen=True, slots=True)
class Pictured:
    """A product's picture. `files` are those of an upload, smallest first; `drawn` is a path in static/ otherwise."""

    drawn: str
    files: list[Variant]

    @classmethod
    def of(cls, product: Product) -> "Pictured":
        return cls._of(product.image, product.picture.name, product.picture_width, product.picture_height)

    @classmethod
    def of_row(cls, row: Mapping[str, Any] | None) -> "Pictured":
        """From a row of `PICTURE`; None is that of a product which does not exist."""
        return cls._of(*(row[name] for name in _COLUMNS)) if row else cls("", [])

    @classmethod
    def _of(cls, drawn: str, name: str | None, width: int | None, height: int | None) -> "Pictured":
        return cls(drawn, variants(name, width, height) if name and width and height else [])

    @property
    def url(self) -> str:
        usual = next((file for file in self.files if max(file.width, file.height) >= _USUAL), None)
        return _url(usual or self.files[-1]) if self.files else _drawn(self.drawn)

    @property
    def largest(self) -> str:
        return _url(self.files[-1]) if self.files else _drawn(self.drawn)

    @property
    def width(self) -> int:
        return self.files[-1].width if self.files else _DRAWN

    @property
    def height(self) -> int:
        return self.files[-1].height if self.files else _DRAWN

    @property
    def srcset(self) -> str:
        return ", ".join(f"{_url(file)} {file.width}w" for file in self.files)


def picture(product: Product) -> str:
    """URL of a product's picture."""
    return Pictured.of(product).url


def source(shown: Product | Mapping[str, Any] | None, sizes: str) -> SafeString:
    """Attributes that name the picture's files; `sizes` as in HTML, the width at which the page shows it."""
    pictured = Pictured.of(shown) if isinstance(shown, Product) else Pictured.of_row(shown)
    if not pictured.files:
        return format_html('src="{}"', pictured.url)
    return format_html('src="{}" srcset="{}" sizes="{}"', pictured.url, pictured.srcset, sizes)


def _url(file: Variant) -> str:
    return str(default_storage.url(file.name))


def _drawn(path: str) -> str:
    """A wrong path entered in the admin must not break the page."""
    try:
        return static(path or NO_PICTURE)
    except ValueError:
        return static(NO_PICTURE)
