"""Structured data, canonical URLs, sitemaps, robots.txt and social cards."""

import json
import re
from typing import Any

import pytest

from shop.catalogue.reviews.services import publish_examples
from shop.models import Review
from shop.seo import sitemaps
from tests.factories import CategoryFactory, ProductFactory
from tests.shop.catalogue.test_pages import text

pytestmark = pytest.mark.django_db

HOSTILE = "</script><script>alert(1)</script><!-- & \u2028"


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = "https://shop.example"


@pytest.fixture
def product():
    shelf = CategoryFactory.create(name="Kitchen", slug="kitchen", blurb="Pots and pans")
    return ProductFactory.create(name="Teapot", slug="teapot", category=shelf, price=4900, tagline="Pours")


def structured(client, path: str) -> dict[str, Any]:
    """The page's structured data, by type."""
    page = text(client.get(path))
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return {data["@type"]: data for block in blocks for data in json.loads(block)}


def test_a_product_describes_price_stock_rating_and_reviews(client, product):
    publish_examples(reviews=[Review(product=product, author="Ada L.", stars=n, title="So", text="") for n in (5, 2)])
    data = structured(client, "/products/teapot/")
    described = data["Product"]
    assert described["offers"]["price"] == "49.00"
    assert described["offers"]["priceCurrency"] == "EUR"
    assert described["offers"]["availability"] == "https://schema.org/InStock"
    assert described["aggregateRating"]["ratingValue"] == 3.5
    assert described["aggregateRating"]["reviewCount"] == 2
    assert {review["reviewRating"]["ratingValue"] for review in described["review"]} == {5, 2}
    steps = [step["item"] for step in data["BreadcrumbList"]["itemListElement"]]
    assert steps[-2:] == ["https://shop.example/categories/kitchen/", "https://shop.example/products/teapot/"]


def test_sold_out_and_unreviewed_products_are_marked(client):
    ProductFactory.create(slug="gone", stock=0)
    described = structured(client, "/products/gone/")["Product"]
    assert described["offers"]["availability"] == "https://schema.org/OutOfStock"
    assert "aggregateRating" not in described


def test_a_hostile_name_cannot_end_the_block(client):
    product = ProductFactory.create(name=HOSTILE, description=HOSTILE)
    page = text(client.get(product.get_absolute_url()))
    assert "<script>alert" not in page
    assert structured(client, product.get_absolute_url())["Product"]["name"] == HOSTILE


def test_the_home_page_describes_the_search(client):
    data = structured(client, "/")
    target = data["WebSite"]["potentialAction"]["target"]["urlTemplate"]
    assert target == "https://shop.example/search/?q={search_term_string}"
    assert data["Organization"]["url"] == "https://shop.example/"


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("/products/teapot/?utm_source=x&reviews=2", "https://shop.example/products/teapot/"),
        ("/products/?page=1", "https://shop.example/products/"),
        ("/products/?page=2", "https://shop.example/products/?page=2"),
        ("/products/?page=%22x", "https://shop.example/products/"),
    ],
)
def test_a_page_has_one_canonical_url(client, product, asked, canonical):
    page = text(client.get(asked))
    assert f'<link rel="canonical" href="{canonical}"' in page
    assert f'<meta property="og:url" content="{canonical}"' in page


@pytest.mark.parametrize(
    "path", ["/", "/products/", "/products/teapot/", "/categories/kitchen/", "/about/", "/delivery/"]
)
def test_a_public_page_describes_itself_and_has_a_card_to_share(client, product, path):
    page = text(client.get(path))
    assert re.search(r'<meta name="description"\s+content="[^"]{5,}', page)
    kind = "products/" if product.get_absolute_url() == path else "social-card"
    assert f"https://shop.example/static/shop/{kind}" in page
    assert '<html lang="en"' in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("path", ["/nope/", "/products/nope/"])
def test_empty_pages_are_not_indexed(client, path):
    page = text(client.get(path))
    assert '<meta name="robots" content="noindex"' in page
    assert "canonical" not in page


def test_the_sitemap_lists_what_shoppers_see(client, product):
    hidden = ProductFactory.create(is_listed=False)
    listed = text(client.get("/sitemap.xml"))
    for path in ("/", "/products/", "/about/", "/categories/kitchen/", "/products/teapot/"):
        assert f"<loc>https://shop.example{path}</loc>" in listed
    assert hidden.get_absolute_url() not in listed


def test_a_large_catalogue_has_a_sitemap_in_several_files(client, monkeypatch):
    ProductFactory.create_batch(5)
    assert sitemaps.ProductSitemap.limit <= 5_000
    monkeypatch.setattr(sitemaps.ProductSitemap, "limit", 2)
    shown = text(client.get("/robots.txt"))
    assert re.findall(r"Sitemap: (\S+)", shown) == [
        "https://shop.example/sitemap.xml",
        "https://shop.example/sitemap.xml?p=2",
        "https://shop.example/sitemap.xml?p=3",
    ]
    assert text(client.get("/sitemap.xml?p=3")).count("/products/") == 1


def test_private_paths_are_disallowed(client):
    shown = text(client.get("/robots.txt"))
    for path in ("/account/", "/admin/", "/basket/", "/checkout/", "/orders/"):
        assert f"Disallow: {path}\n" in shown


def test_icons_and_manifest_exist(client):
    assert client.get("/favicon.ico").status_code == 302
    manifest = client.get("/manifest.webmanifest")
    assert manifest["Content-Type"] == "application/manifest+json"
    assert {icon["sizes"] for icon in manifest.json()["icons"]} == {"192x192", "512x512"}


def test_the_language_can_be_chosen_and_is_declared(client):
    client.post("/i18n/setlang/", {"language": "de", "next": "/about/"})
    assert '<html lang="de"' in text(client.get("/about/"))


def card(client, path: str) -> dict[str, str]:
    """The page's social card metadata, by name."""
    page = text(client.get(path))
    return dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)"\s+content="([^"]*)"', page))


def test_a_product_is_shared_with_its_own_picture(client, product):
    product.image = "shop/products/banjo.webp"
    product.save()
    shown = card(client, "/products/teapot/")
    assert shown["og:image"].startswith("https://shop.example/static/shop/products/banjo")
    assert (shown["og:image:width"], shown["og:image:height"], shown["og:image:alt"]) == ("256", "256", "Teapot")
    assert (shown["twitter:image"], shown["twitter:card"]) == (shown["og:image"], "summary")


def test_other_pages_are_shared_with_the_shops_card(client, product):
    shown = card(client, "/categories/kitchen/")
    assert "shop/social-card" in shown["og:image"]
    assert (shown["og:image:width"], shown["og:image:height"]) == ("1200", "630")
    assert shown["twitter:card"] == "summary_large_image"


@pytest.mark.parametrize("image", ["", "../../etc/passwd", "no/such.webp"])
def test_a_missing_picture_does_not_break_the_page(client, product, image):
    product.image = image
    product.save()
    assert client.get("/products/teapot/").status_code == 200
    assert "og:image" in card(client, "/products/teapot/")


def test_a_category_without_blurb_has_a_description(client):
    CategoryFactory.create(name="Attic", slug="attic", blurb="")
    page = text(client.get("/categories/attic/"))
    described = re.search(r'<meta name="description"\s+content="([^"]+)"', page)
    assert described
    assert described[1].startswith("Attic at Conveyor")
    assert card(client, "/categories/attic/")["og:description"] == described[1]


@pytest.mark.parametrize("query", ["", "?q=teapot", "?q=nothing", "?q=teapot&page=2&sort=price"])
def test_search_pages_are_followed_but_not_indexed(client, product, query):
    assert '<meta name="robots" content="noindex, follow"' in text(client.get(f"/search/{query}"))
