"""Values that look set and name nothing, or nothing of their kind: refused by a sentence that names the variable."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.parts import addresses, own_apps, seller
from config.parts.payment_gateway import stripe_addresses, stripe_keys
from config.parts.secret_key import secret_key_fallbacks

SITE = "https://shop.example"
READERS = {
    "SECRET_KEY_FALLBACKS": secret_key_fallbacks,
    "ALLOWED_HOSTS": lambda: addresses.hosts_and_origins(SITE),
    "CSRF_TRUSTED_ORIGINS": lambda: addresses.hosts_and_origins(SITE),
    "CONVEYOR_TRUSTED_PROXIES": lambda: env.trusted_proxies(https=True),
    "CONVEYOR_EXTENSIONS": own_apps.app_configs,
    "CONVEYOR_ALERT_EMAILS": lambda: env.emails("CONVEYOR_ALERT_EMAILS"),
    "CONVEYOR_SELLER_NAME": seller.seller,
    "CONVEYOR_SELLER_ADDRESS": seller.seller,
    "CONVEYOR_SELLER_EMAIL": seller.seller,
    "CONVEYOR_SELLER_VAT_NUMBER": seller.seller,
    "SHIPPING_CARRIERS": lambda: env.classes("SHIPPING_CARRIERS", ("shipping.carriers.untracked.UntrackedPost",)),
    "CARRIER_WEBHOOK_SECRETS": lambda: env.secrets_by_name("CARRIER_WEBHOOK_SECRETS"),
    "STRIPE_SECRET_KEY": lambda: stripe_keys(gateway="stripe", rehearsal=False),
    "STRIPE_PUBLISHABLE_KEY": lambda: stripe_keys(gateway="stripe", rehearsal=False),
    "STRIPE_WEBHOOK_SECRET": lambda: stripe_keys(gateway="stripe", rehearsal=False),
    "STRIPE_API_BASE": lambda: stripe_addresses(secret_key=""),
    "STRIPE_JS_URL": lambda: stripe_addresses(secret_key=""),
}
STRIPE = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}
NOTHING = [(name, ",") for name in READERS if not name.startswith("CONVEYOR_SELLER")]
NONSENSE = [
    ("ALLOWED_HOSTS", "https://shop.example"),
    ("ALLOWED_HOSTS", "shop.example:8000"),
    ("ALLOWED_HOSTS", "shop.example www.shop.example"),
    ("CSRF_TRUSTED_ORIGINS", "shop.example"),
    ("CSRF_TRUSTED_ORIGINS", "https://shop.example/"),
    ("CONVEYOR_ALERT_EMAILS", "ops@shop.example,ops"),
    ("CONVEYOR_SELLER_EMAIL", ","),
    ("CONVEYOR_SELLER_EMAIL", "a@shop.example,b@shop.example"),
    ("CONVEYOR_SELLER_NAME", "Lamps\x01"),
    ("CONVEYOR_SELLER_NAME", "Lamps \udcff"),
    ("CONVEYOR_SELLER_ADDRESS", "1 Belt Street;\x1bTown"),
    ("CONVEYOR_SELLER_ADDRESS", ";"),
    ("CONVEYOR_SELLER_VAT_NUMBER", "DE1\x7f"),
    ("STRIPE_SECRET_KEY", "abc"),
    ("STRIPE_SECRET_KEY", "sk_test_1\nsk_test_2"),
    ("STRIPE_PUBLISHABLE_KEY", "pk_test_1 pk_test_2"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_1\nwhsec_2"),
    ("STRIPE_API_BASE", "abc"),
    ("STRIPE_JS_URL", "ftp://js.stripe.com/"),
]


@pytest.mark.parametrize(("name", "value"), NOTHING + NONSENSE)
def test_it_stops_the_start(monkeypatch, name, value):
    for variable, valid in (STRIPE | {name: value}).items():
        monkeypatch.setitem(env.os.environ, variable, valid)
    with pytest.raises(ImproperlyConfigured, match=rf"^(A key of )?{name} (is|names|contains|has|must) ?"):
        READERS[name]()


@pytest.mark.parametrize("name", sorted(READERS.keys() - STRIPE.keys()))
def test_an_empty_value_is_as_if_it_were_unset(monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    unset = READERS[name]()
    monkeypatch.setenv(name, "")
    assert READERS[name]() == unset


@pytest.mark.parametrize(
    ("name", "reader"),
    [("SHOP_CURRENCY", seller.currency), ("SHOP_TIME_ZONE", seller.time_zone)],
)
def test_the_shops_money_and_time_have_their_defaults_where_a_file_leaves_them_empty(monkeypatch, name, reader):
    monkeypatch.setenv(name, " ")
    assert reader() in ("EUR", "UTC")


@pytest.mark.parametrize("host", ["*", ".shop.example", "shop.example", "[::1]", "127.0.0.1", "web", "shop_1"])
def test_hosts_that_django_knows_are_taken(monkeypatch, host):
    monkeypatch.setenv("ALLOWED_HOSTS", host)
    assert addresses.hosts_and_origins(SITE)[0] == [host]


@pytest.mark.parametrize("origin", ["https://shop.example", "http://*.shop.example:8000", "https://[::1]:8443"])
def test_origins_that_django_knows_are_taken(monkeypatch, origin):
    monkeypatch.setenv("CSRF_TRUSTED_ORIGINS", origin)
    assert addresses.hosts_and_origins(SITE)[1] == [origin]


def test_bounds_are_written_out(monkeypatch):
    monkeypatch.setenv("CONVEYOR_UNPAID_SECONDS", "1e30")
    with pytest.raises(ImproperlyConfigured, match="from 1 to 1,000,000,000"):
        env.number("CONVEYOR_UNPAID_SECONDS", default=1800, minimum=1)
