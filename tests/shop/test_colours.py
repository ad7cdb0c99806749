"""Colours of categories: readable on light and dark pages, and shown without an inline style."""

import re
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from shop import colours
from shop.site.colour_sheet import MOST, sheet_url
from tests.factories import CategoryFactory, ProductFactory

CSS = (Path(__file__).resolve().parents[2] / "frontend" / "shop.css").read_text()


@pytest.mark.parametrize("name", colours.PALETTE)
def test_text_is_readable_on_every_colour_of_the_palette(name):
    assert colours.PALETTE[name].contrast >= colours.MIN_CONTRAST


@given(st.integers(0, 0xFFFFFF))
def test_text_is_readable_on_every_colour_of_ones_own(number):
    colour = f"#{number:06x}"
    colours.validate_colour(colour)
    assert colours.backdrop(colour).contrast >= colours.MIN_CONTRAST


def written(colour: colours.Oklch) -> str:
    lightness, chroma, hue = colour
    return f"oklch({lightness * 100:g}% {chroma:g} {hue:g})"


@pytest.mark.parametrize("name", colours.PALETTE)
def test_the_palette_is_that_of_the_style_sheet(name):
    found = re.findall(rf"\.{re.escape(colours.css_class(name).split()[-1])} {{\s+--from: (.+);\s+--to: (.+);", CSS)
    shown = colours.PALETTE[name]
    assert found == [tuple(map(written, ends)) for ends in (shown.light, shown.dark)]


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#1234567", "123456", "#ABCDEF", "#12345\n", "url(x)"])
def test_anything_else_is_no_colour(colour):
    with pytest.raises(ValidationError):
        colours.validate_colour(colour)


@pytest.mark.django_db
class TestPages:
    def test_a_colour_of_the_palette_needs_no_further_style_sheet(self, client):
        ProductFactory.create(category=CategoryFactory.create(colour="rose"))
        page = client.get("/").content.decode()
        assert "glow glow-rose" in page
        assert "/colours/" not in page

    def test_a_colour_of_ones_own_has_a_style_sheet_to_be_cached_for_ever(self, client):
        ProductFactory.create(category=CategoryFactory.create(colour="#1a2b3c"))
        page = client.get("/").content.decode()
        assert "glow glow-1a2b3c" in page
        url = sheet_url(["#1a2b3c"])
        assert f'<link rel="stylesheet" href="{url}"' in page
        assert "style=" not in page
        sheet = client.get(url)
        assert sheet["Content-Type"].startswith("text/css")
        assert "immutable" in sheet["Cache-Control"]
        assert sheet.content.decode().count(".glow-1a2b3c{--from:#") == 2

    def test_a_product_without_a_category_is_grey(self, client):
        page = client.get(ProductFactory.create().get_absolute_url()).content.decode()
        assert 'class="glow relative' in page

    @pytest.mark.parametrize(
        "path",
        [
            sheet_url(["#1a2b3c"]).replace("1a2b3c", "1a2b3d"),
            sheet_url(["#1a2b3c"]).replace("1a2b3c", "red"),
            "/colours/x/1a2b3c.css",
            "/colours/x/" + "-".join(["1a2b3c"] * (MOST + 1)) + ".css",
        ],
    )
    def test_other_sheets_are_not_made(self, client, path):
        assert client.get(path).status_code == 404

    def test_a_changed_colour_shows_at_once(self, client):
        category = CategoryFactory.create(colour="rose")
        client.get(category.get_absolute_url())
        category.colour = "teal"
        category.save()
        assert "glow-teal" in client.get(category.get_absolute_url()).content.decode()


@pytest.mark.django_db
def test_nobody_else_can_make_the_address_of_a_sheet(client, settings):
    settings.SECRET_KEY = "another key"
    guessed = sheet_url(["#1a2b3c"])
    settings.SECRET_KEY = "the shop's key"
    assert client.get(guessed).status_code == 404
    assert client.get(sheet_url(["#1a2b3c"])).status_code == 200


@pytest.mark.django_db
def test_a_page_from_before_a_change_of_the_secret_key_keeps_its_colours(client, settings):
    sheet = sheet_url(["#123456"])
    old, settings.SECRET_KEY = settings.SECRET_KEY, "new" * 20
    assert client.get(sheet).status_code == 404
    settings.SECRET_KEY_FALLBACKS = [old]
    assert client.get(sheet).status_code == 200
    assert sheet_url(["#123456"]) != sheet
