"""Reading uploaded pictures: what is accepted, what becomes of it, and that no file breaks it."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from shop.pictures import decoding
from shop.pictures.decoding import Decoded, PictureRefused, decode
from shop.pictures.jpeg import scans
from tests.shop.pictures.images import drawn, encoded


def read(content: bytes) -> Decoded:
    return decode(BytesIO(content), size=len(content))


def opened(decoded: Decoded) -> list[Image.Image]:
    return [Image.open(BytesIO(file)) for file in decoded.files]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_each_format_becomes_webp_in_every_size_below_its_own(kind):
    decoded = read(encoded(drawn((1500, 1000)), kind))
    assert (decoded.width, decoded.height) == (1024, 683)
    assert [(image.format, image.size) for image in opened(decoded)] == [
        ("WEBP", (256, 171)),
        ("WEBP", (512, 342)),
        ("WEBP", (1024, 683)),
    ]


def test_a_small_picture_is_not_enlarged():
    assert [image.size for image in opened(read(encoded(drawn((300, 200)))))] == [(256, 171), (300, 200)]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_a_png_of_any_kind_of_colour_is_read(mode):
    assert read(encoded(Image.new(mode, (300, 300)), "PNG")).width == 300


def test_cmyk_is_read():
    assert read(encoded(Image.new("CMYK", (300, 300)))).width == 300


def test_transparency_is_kept():
    clear = Image.new("RGBA", (300, 300), (255, 0, 0, 0))
    assert opened(read(encoded(clear, "PNG")))[-1].convert("RGBA").getpixel((9, 9))[3] == 0


def test_sixteen_bits_of_grey_keep_their_brightness():
    grey = Image.new("I;16", (300, 300), 32768)
    assert abs(opened(read(encoded(grey, "PNG")))[-1].convert("L").getpixel((9, 9)) - 128) < 6


def test_the_picture_is_turned_upright_and_loses_its_metadata():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[1] = "N"
    content = encoded(drawn((600, 400)), exif=exif, comment=b"Secret comment")
    decoded = read(content)
    assert (decoded.width, decoded.height) == (400, 600)
    top = opened(decoded)[-1].convert("RGB").getpixel((200, 50))
    assert top[0] > 200 > 60 > top[2]
    for image, file in zip(opened(decoded), decoded.files, strict=True):
        assert not image.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment"} & image.info.keys()
        assert b"Secret" not in file


def test_colours_are_converted_to_srgb():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    lab = Image.new("RGB", (300, 300), "red").convert("RGB")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for given_profile in (profile, srgb, b"broken"):
        assert opened(read(encoded(lab, icc_profile=given_profile)))[-1].convert("RGB").getpixel((9, 9))[0] > 240


def test_of_a_phones_file_with_several_images_the_first_is_the_picture():
    content = encoded(drawn((600, 400)), "MPO", save_all=True, append_images=[drawn((300, 200))])
    assert read(content).width == 600


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_an_animation_is_refused(kind):
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "blue")]
    with pytest.raises(PictureRefused, match="animated"):
        read(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 1000,
        b"<svg xmlns='http://www.w3.org/2000/svg' width='300' height='300'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg/>",
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        encoded(kind="GIF"),
        encoded(kind="BMP"),
        encoded(kind="TIFF"),
        encoded(kind="ICO"),
        encoded(kind="PPM"),
    ],
    ids=range(13),
)
def test_svg_and_everything_else_is_refused_with_what_to_upload(content):
    with pytest.raises(PictureRefused, match="Upload a JPEG, PNG, WebP or AVIF file"):
        read(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(kind, share):
    noise = Image.effect_noise((600, 400), 90).convert("RGB")
    content = encoded(noise, kind)
    with pytest.raises(PictureRefused, match="damaged"):
        read(content[: int(len(content) * share)])


def test_an_empty_file_is_called_empty():
    with pytest.raises(PictureRefused, match=r"^The file is empty\."):
        read(b"")


def test_what_follows_the_picture_is_not_stored():
    decoded = read(encoded() + b"<script>alert(1)</script>" + b"PK\x03\x04")
    assert all(b"script" not in file and b"PK\x03\x04" not in file for file in decoded.files)


def with_scans(count: int) -> bytes:
    """A progressive JPEG that ends with the same scan over all pixels so many times more."""
    content = encoded(drawn((300, 300)), progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * count + content[-2:]


def test_a_progressive_jpeg_is_read():
    assert 1 < scans(with_scans(0)) < 20
    assert read(with_scans(20)).width == 300


def test_a_jpeg_that_would_be_decoded_for_minutes_is_refused():
    with pytest.raises(PictureRefused, match="too many parts"):
        read(with_scans(200))


@given(st.binary(max_size=200))
def test_scans_are_counted_in_anything(content):
    assert scans(b"\xff\xd8" + content) <= len(content)


def test_what_looks_like_scans_in_metadata_or_after_the_end_does_not_count():
    usual = scans(encoded())
    assert scans(encoded(comment=b"\xff\xda" * 500)) == usual
    assert scans(encoded() + b"\xff\xda\x00\x02" * 500) == usual


def png_header(width: int, height: int, rest: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rest) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [5100, 9500, 60_000, 2**31 - 1])
def test_a_picture_of_too_many_pixels_is_refused_before_they_are_decoded(side):
    with pytest.raises(PictureRefused, match=r"megapixels|damaged"):
        read(png_header(side, side, zlib.compress(b"\x00" * 1000)))


@pytest.mark.parametrize("key", [b"zTXt", b"iCCP"])
def test_a_compressed_chunk_that_explodes_is_refused_or_ignored(key):
    bomb = b"x\x00\x00" + zlib.compress(b"\x00" * 200_000_000, 9)
    data = struct.pack(">I", len(bomb)) + key + bomb + struct.pack(">I", zlib.crc32(key + bomb))
    content = encoded(kind="PNG")
    with suppress(PictureRefused):
        read(content[:33] + data + content[33:])


@pytest.mark.parametrize(
    ("size", "sentence"), [((199, 400), "at least 200"), ((400, 199), "at least 200"), ((1000, 201), "Crop it")]
)
def test_the_shape_has_bounds(size, sentence):
    with pytest.raises(PictureRefused, match=sentence):
        read(encoded(drawn(size)))


def test_a_large_file_is_refused_unread():
    class Unread(BytesIO):
        def read(self, size=-1):
            raise AssertionError("It was read.")

    with pytest.raises(PictureRefused, match="at most 10 MB"):
        decode(Unread(), size=decoding.MAX_BYTES + 1)


BASES = {kind: encoded(drawn((256, 256)), kind) for kind in ("JPEG", "PNG", "WEBP", "AVIF")}


@settings(deadline=None, database=None)
@given(
    kind=st.sampled_from(sorted(BASES)),
    at=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=20),
    cut=st.floats(0.05, 1),
)
def test_any_damage_ends_in_a_picture_or_a_refusal(kind, at, cut):
    content = bytearray(BASES[kind])
    for share, byte in at:
        content[int(share * len(content))] = byte
    content = content[: int(cut * len(content)) or 1]
    try:
        decoded = read(bytes(content))
    except PictureRefused:
        return
    assert all(image.format == "WEBP" for image in opened(decoded))
