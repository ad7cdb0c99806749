"""German storefront: every text translated and compiled; pages, e-mails and invoice in German."""

import gettext
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader

from orders.emails.compose import compose
from orders.emails.email_sql import read_order
from orders.models import Order
from shop.invoices.printing import pdf_of
from shop.models import Invoice
from shop.site.library_texts import LIBRARY_TEXTS
from tests.delivery import deliver_all, deliver_due
from tests.factories import CategoryFactory, ProductFactory, UserFactory, place
from tests.shop.checkout.page import filled

FOLDER = settings.BASE_DIR / "locale" / "de" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%s|\{\w[^}]*\}|<[^>]+>")
MESSAGE_ID = "01a20e5e-05ca-7436-a62d-fb2a78015b34"
ENGLISH = ("Basket", "Add to basket", "Place order", "Search for", "Checkout", "Sign in", "Your order", "Shipping")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (FOLDER / "django.po").open("rb") as source:
        return read_po(source)


def texts(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def pairs(message: Message) -> Iterator[tuple[str, str]]:
    """Each English text with its translation, singular and plural."""
    if isinstance(message.id, str):
        yield message.id, str(message.string)
    else:
        yield from zip(message.id, message.string or (), strict=True)


def test_every_text_is_translated(catalog):
    assert [message.id for message in texts(catalog) if message.fuzzy] == []
    assert [english for message in texts(catalog) for english, german in pairs(message) if not german] == []


def test_placeholders_and_tags_match(catalog):
    for message in texts(catalog):
        for english, german in pairs(message):
            assert set(PLACEHOLDER.findall(german)) == set(PLACEHOLDER.findall(english)), english


def test_compiled_texts_match_their_source(catalog):
    fresh = BytesIO()
    write_mo(fresh, catalog)
    fresh.seek(0)
    with (FOLDER / "django.mo").open("rb") as compiled:
        kept = gettext.GNUTranslations(compiled)
    wanted = gettext.GNUTranslations(fresh)
    for message in texts(catalog):
        if isinstance(message.id, str):
            assert kept.gettext(message.id) == wanted.gettext(message.id)
        else:
            for count in (1, 2):
                assert kept.ngettext(*message.id, count) == wanted.ngettext(*message.id, count)


@pytest.mark.parametrize("text", LIBRARY_TEXTS)
def test_forms_address_shoppers_formally(text):
    with translation.override("de"):
        assert re.search(r"\b(Sie|werden|wurden?)\b", translation.gettext(text))
        assert not re.search(r"\b(Gib|Lade|Prüfe)\b", translation.gettext(text))


@pytest.fixture
def german() -> Client:
    return Client(headers={"Accept-Language": "de"})


@pytest.fixture
def lamp() -> Any:
    return ProductFactory.create(sku="LAMP", name="Lampe", price=14900, category=CategoryFactory.create(slug="wohnen"))


def page(client: Client, path: str) -> str:
    """Visible text of a German page, checked for left-over English."""
    answer = client.get(path)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert '<html lang="de"' in html
    shown = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    assert [word for word in ENGLISH if re.search(rf"\b{word}\b", shown)] == []
    return re.sub(r"\s+", " ", shown)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/", "Gute Dinge in Bewegung"),
        ("/categories/wohnen/", "Sortieren"),
        ("/products/lamp/", "In den Warenkorb"),
        ("/basket/", "Ihr Warenkorb ist leer"),
        ("/search/?q=nirgendwo", "Keine Ergebnisse für „nirgendwo“"),
        ("/about/", "Warum nichts verloren geht"),
        ("/delivery/", "Lieferung und Rückgabe"),
        ("/account/login/", "Passwort vergessen?"),
    ],
)
def test_pages_are_german(german, lamp, path, heading):
    assert heading in page(german, path)


@pytest.mark.django_db
def test_prices_use_german_format(german, lamp):
    assert "149,00 €" in page(german, "/products/lamp/")


@pytest.mark.django_db
def test_the_account_is_german(german):
    german.force_login(UserFactory.create())
    assert "Noch keine Bestellungen" in page(german, reverse("shop:account"))


@pytest.mark.django_db(transaction=True)
def test_an_order_is_german_from_basket_to_parcel(german, lamp):
    german.post("/basket/add/", {"sku": "LAMP", "quantity": 1})
    assert "Zur Kasse" in page(german, "/basket/")
    assert "Zahlungspflichtig bestellen" in page(german, "/checkout/")
    german.post("/checkout/", filled(german))
    order = Order.objects.get()
    path = reverse("shop:order", args=[order.public_id])
    assert "Bestellung aufgegeben" in page(german, path)
    email = compose(order=read_order(order_id=order.pk, kind="placed"), kind="placed", message_id=MESSAGE_ID)
    [(html, _)] = email.alternatives
    assert email.subject == f"Ihre Bestellung {order.number}"
    for part in (str(email.body), str(html)):
        assert "Hallo Ada Lovelace," in part
        assert "Danke für Ihre Bestellung" in part
        assert "149,00\xa0€" in part
        assert "Hello" not in part
    deliver_due()
    assert "Zahlung genehmigt" in page(german, path)
    english = Client().get(path).content.decode()
    assert "Payment approved" in english
    assert "Zahlung genehmigt" not in english


@pytest.mark.django_db
def test_the_invoice_is_german():
    place(language="de")
    deliver_all()
    paper = pdf_of(Invoice.objects.get())
    text = "".join(sheet.extract_text() for sheet in PdfReader(BytesIO(paper)).pages)
    for shown in ("Rechnungsnummer", "Stückpreis", "Zwischensumme", "Seite 1 von 1", "Schweiz"):
        assert shown in text


@pytest.mark.django_db
def test_the_chosen_language_is_remembered(client):
    assert '<html lang="en"' in client.get("/").content.decode()
    client.post(reverse("set_language"), {"language": "de", "next": "/"})
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "de"
    assert "Gute Dinge in Bewegung" in page(client, "/")


@pytest.mark.django_db
def test_api_errors_are_german(german):
    answer = german.get("/api/v1/products/nirgendwo/")
    assert answer.json()["detail"] == "Nicht gefunden."


@pytest.mark.skipif(not shutil.which("xgettext"), reason="gettext is not there: apt-get install gettext")
def test_every_text_is_collected(catalog, tmp_path):
    """`make messages` on a copy finds nothing new."""
    ignored = shutil.ignore_patterns(".*", "node_modules", "var", "tests", "bench", "docs", "__pycache__")
    copy = shutil.copytree(settings.BASE_DIR, tmp_path / "copy", ignore=ignored)
    command = [
        sys.executable,
        "manage.py",
        "makemessages",
        "--settings=config.settings",
        "--locale=de",
        "--no-location",
        "--no-wrap",
    ]
    command += ["--ignore=frontend"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    with (copy / "locale/de/LC_MESSAGES/django.po").open("rb") as source:
        collected = {str(message.id) for message in texts(read_po(source))}
    assert collected == {str(message.id) for message in texts(catalog)}, "run `make messages` and translate what is new"
