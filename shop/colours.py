"""Colours of categories: a palette, or one's own, from which backdrops for light and dark pages are derived.

Colours are OKLCH (lightness 0 to 1, chroma, hue in degrees), as in frontend/shop.css. A backdrop is a gradient between
two of them; text on it must be readable at both ends.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

Oklch = tuple[float, float, float]

#: WCAG 2.2, 1.4.3: text of any size.
MIN_CONTRAST = 4.5
#: `--color-base-content` in frontend/tokens.css: text on light and dark pages.
LIGHT_TEXT: Oklch = (0.25, 0.055, 282)
DARK_TEXT: Oklch = (0.95, 0.014, 88)
_OWN = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Backdrop:
    """From the upper left to the lower right corner, on light and dark pages."""

    light: tuple[Oklch, Oklch]
    dark: tuple[Oklch, Oklch]

    @property
    def contrast(self) -> float:
        """The lowest one of text on it."""
        return min(
            *(_contrast(_linear(colour), _linear(LIGHT_TEXT)) for colour in self.light),
            *(_contrast(_linear(colour), _linear(DARK_TEXT)) for colour in self.dark),
        )


#: As in frontend/shop.css: class `glow-amber`, and `glow` alone for the empty name.
PALETTE = {
    "": Backdrop(((0.92, 0.03, 285), (0.80, 0.08, 285)), ((0.52, 0.05, 285), (0.36, 0.08, 285))),
    "amber": Backdrop(((0.94, 0.09, 95), (0.78, 0.16, 55)), ((0.52, 0.12, 85), (0.46, 0.12, 50))),
    "violet": Backdrop(((0.91, 0.06, 290), (0.71, 0.15, 280)), ((0.52, 0.11, 290), (0.39, 0.14, 282))),
    "teal": Backdrop(((0.94, 0.07, 165), (0.78, 0.12, 195)), ((0.52, 0.09, 170), (0.42, 0.09, 205))),
    "rose": Backdrop(((0.92, 0.06, 25), (0.76, 0.15, 355)), ((0.52, 0.11, 15), (0.43, 0.14, 350))),
    "blue": Backdrop(((0.93, 0.07, 195), (0.76, 0.13, 235)), ((0.52, 0.09, 205), (0.42, 0.11, 245))),
    "green": Backdrop(((0.95, 0.08, 115), (0.80, 0.15, 140)), ((0.52, 0.11, 120), (0.44, 0.11, 145))),
}
NAMES = {
    "": _("Grey"),
    "amber": _("Amber"),
    "violet": _("Violet"),
    "teal": _("Teal"),
    "rose": _("Rose"),
    "blue": _("Blue"),
    "green": _("Green"),
}


def is_own(colour: str) -> bool:
    return _OWN.fullmatch(colour) is not None


def validate_colour(colour: str) -> None:
    """A name of the palette, or `#rrggbb` on whose backdrop text is readable."""
    if colour not in PALETTE and not is_own(colour):
        raise ValidationError(_("Enter a colour as # and six hexadecimal digits, such as #3a23b8."), code="colour")
    if is_own(colour) and backdrop(colour).contrast < MIN_CONTRAST:
        raise ValidationError(_("Text on this colour would be hard to read. Choose another one."), code="contrast")


def backdrop(colour: str) -> Backdrop:
    """That of the palette, or one of the colour's hue, as light and as dark as text on it needs."""
    if colour in PALETTE:
        return PALETTE[colour]
    _lightness, chroma, hue = _oklch(colour)
    pale, strong = min(chroma * 0.5, 0.08), min(chroma, 0.15)
    return Backdrop(
        light=((0.93, pale, hue), (0.78, strong, hue)),
        dark=((0.50, min(chroma, 0.11), hue), (0.38, min(chroma, 0.12), hue)),
    )


def css_class(colour: str) -> str:
    """The classes of an element with this backdrop."""
    return f"glow glow-{colour.removeprefix('#')}" if colour else "glow"


def stylesheet(colours: Iterable[str]) -> str:
    """Rules for colours of one's own; those of the palette are in shop.css."""
    found = {css_class(colour).rpartition(" ")[2]: backdrop(colour) for colour in colours}
    light = "".join(_rule(name, shown.light) for name, shown in found.items())
    dark = "".join(_rule(name, shown.dark) for name, shown in found.items())
    return f"{light}@media (prefers-color-scheme: dark){{{dark}}}" if found else ""


def swatch(colour: str) -> str:
    """`#rrggbb` of the backdrop's stronger end on light pages."""
    return _hex(backdrop(colour).light[1])


def _rule(name: str, ends: tuple[Oklch, Oklch]) -> str:
    """Wins over the rule of `.glow` in shop.css, which is in a layer."""
    return f".{name}{{--from:{_hex(ends[0])};--to:{_hex(ends[1])}}}"


def _hex(colour: Oklch) -> str:
    return "#" + "".join(f"{round(255 * _encoded(part)):02x}" for part in _linear(colour))


def _encoded(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _decoded(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _contrast(one: Iterable[float], other: Iterable[float]) -> float:
    low, high = sorted(_luminance(*colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(red: float, green: float, blue: float) -> float:
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(colour: Oklch) -> tuple[float, float, float]:
    """Linear sRGB, clipped (bottosson.github.io/posts/oklab)."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _clipped(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _clipped(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _clipped(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )


def _clipped(part: float) -> float:
    return min(1.0, max(0.0, part))


def _oklch(colour: str) -> Oklch:
    """Of `#rrggbb`."""
    red, green, blue = (_decoded(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360
