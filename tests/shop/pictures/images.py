"""Image files for tests."""

from io import BytesIO
from typing import Any

from PIL import Image


def drawn(size: tuple[int, int] = (600, 400), mode: str = "RGB") -> Image.Image:
    """Left half red, right half blue, so that a turned picture shows."""
    image = Image.new(mode, size, "red" if mode in ("RGB", "RGBA") else 0)
    if mode in ("RGB", "RGBA"):
        image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    return image


def encoded(image: Image.Image | None = None, kind: str = "JPEG", **options: Any) -> bytes:
    target = BytesIO()
    (image or drawn()).save(target, kind, **options)
    return target.getvalue()
