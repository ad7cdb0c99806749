"""Reads an uploaded picture: any bytes in, clean WebP files out, or a sentence that says what is wrong."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps

from shop.pictures.jpeg import scans
from shop.pictures.sizes import SIDES, fitted

log = logging.getLogger(__name__)

MAX_BYTES = 10 * 1024 * 1024
#: Decoded, 25 megapixels are 100 MB. Phones take 12 or 24.
MAX_PIXELS = 25_000_000
MIN_SIDE = 200
MAX_RATIO = 4
#: Of a JPEG, each of which may take 30 bytes of the file and the time of all pixels.
MAX_SCANS = 100
_QUALITY = 82
#: What Pillow recognises by content; a file's name and declared type say nothing.
_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
#: Phones write a JPEG with several images (MPO) for depth or brightness: the first one is the picture.
_STILL = {"JPEG", "MPO"}
_SRGB = ImageCms.createProfile("sRGB")
# One at a time in a process, so that its memory has a bound.
_decoding = threading.Lock()


class PictureRefused(Exception):
    """The file is not a picture that can be shown. The text says why, and what to upload instead."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Size of the largest file, and the WebP files, smallest first."""

    width: int
    height: int
    files: list[bytes]


def decode(file: IO[bytes], *, size: int) -> Decoded:
    """Decode, turn upright, convert to sRGB, drop all metadata, and encode in every size. Raises `PictureRefused`."""
    if not size:
        raise PictureRefused(_("The file is empty. Upload a JPEG, PNG, WebP or AVIF file."))
    if size > MAX_BYTES:
        raise PictureRefused(too_large(size))
    with _decoding, _total():
        return _encoded(_clean(_opened(file)))


def too_large(size: int) -> str:
    """What is wrong with a picture of so many bytes, and what to do."""
    text = _("The file has %(size)d MB; at most %(most)d MB can be uploaded. Save the picture smaller.")
    return text % {"size": -(-size // 1_048_576), "most": MAX_BYTES // 1_048_576}


@contextmanager
def _total() -> Iterator[None]:
    """Whatever a decoder raises, the file is at fault: there is no list of all errors."""
    try:
        yield
    except PictureRefused:
        raise
    except Exception as error:
        log.info("A picture was refused: %s", error)
        text = _("The file is damaged or not a picture. Upload a JPEG, PNG, WebP or AVIF file.")
        raise PictureRefused(text) from error


def _opened(file: IO[bytes]) -> Image.Image:
    """The header is read and judged before any pixel is decoded."""
    image = Image.open(file, formats=_FORMATS)
    width, height = image.size
    if width * height > MAX_PIXELS:
        text = _("The picture has %(size)d megapixels; at most %(most)d can be processed. Save it smaller.")
        raise PictureRefused(text % {"size": -(-width * height // 1_000_000), "most": MAX_PIXELS // 1_000_000})
    if min(width, height) < MIN_SIDE:
        text = _("The picture is %(width)d × %(height)d pixels; each side needs at least %(least)d.")
        raise PictureRefused(text % {"width": width, "height": height, "least": MIN_SIDE})
    if max(width, height) > MAX_RATIO * min(width, height):
        text = _("The picture is more than %(most)d times as long as it is wide. Crop it.")
        raise PictureRefused(text % {"most": MAX_RATIO})
    if image.format in _STILL and _scans(file) > MAX_SCANS:
        raise PictureRefused(_("The picture is stored in too many parts. Save it anew as a JPEG or PNG file."))
    if image.format not in _STILL and getattr(image, "n_frames", 1) > 1:
        raise PictureRefused(_("The picture is animated. Upload a still one."))
    return image


def _scans(file: IO[bytes]) -> int:
    """Leaves the file where it was: the decoder continues from there."""
    at = file.tell()
    file.seek(0)
    found = scans(file.read())
    file.seek(at)
    return found


def _clean(image: Image.Image) -> Image.Image:
    """The pixels, upright and in sRGB, without anything else that the file held."""
    profile, side = image.info.get("icc_profile"), SIDES[-1]
    image.draft(None, (side, side))  # a JPEG's decoder skips what would be scaled away
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    shown = _in_srgb(image, profile)
    shown = shown.resize(fitted(*shown.size, side), Image.Resampling.LANCZOS)
    shown.info = {}
    return shown


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda grey: grey * (1 / 256)).convert("RGB")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode in ("P", "PA", "LA", "La", "RGBa"):
        image = image.convert(mode)
    if not profile:
        return image.convert(mode)
    try:
        return _converted(image, profile, mode)
    except (ImageCms.PyCMSError, OSError, ValueError):  # a broken profile: most viewers ignore it as well
        return image.convert(mode)


def _converted(image: Image.Image, profile: bytes, mode: str) -> Image.Image:
    given = ImageCms.ImageCmsProfile(BytesIO(profile))
    if mode == "RGB":
        return ImageCms.profileToProfile(image, given, _SRGB, outputMode="RGB") or image.convert("RGB")
    colours = ImageCms.profileToProfile(image.convert("RGB"), given, _SRGB, outputMode="RGB") or image.convert("RGB")
    colours.putalpha(image.getchannel("A"))
    return colours


def _encoded(image: Image.Image) -> Decoded:
    width, height = image.size
    smaller = [side for side in SIDES[:-1] if side < max(width, height)]
    sizes = [*(fitted(width, height, side) for side in smaller), (width, height)]
    return Decoded(width, height, [_webp(image, size) for size in sizes])


def _webp(image: Image.Image, size: tuple[int, int]) -> bytes:
    scaled = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
    scaled.info = {}
    target = BytesIO()
    scaled.save(target, "WEBP", quality=_QUALITY, method=4, exif=b"", icc_profile=None)
    return target.getvalue()
