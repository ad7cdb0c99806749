"""The doctor on settings: what is right for a try-out and wrong in production, and the variable that fixes it."""

import pytest

from shop.doctor.checks import configuration
from shop.doctor.seller import check_tax_country

#: What each forgotten variable leaves, and the command.
USE_STRIPE = (
    "export PAYMENT_GATEWAY=stripe STRIPE_SECRET_KEY=sk_… STRIPE_PUBLISHABLE_KEY=pk_… STRIPE_WEBHOOK_SECRET=whsec_…"
)
FORGOTTEN = {
    "SITE_URL": (
        {"SITE_URL": "http://localhost:8000"},
        "SITE_URL is http://localhost:8000: links in e-mails lead nowhere.",
        "export SITE_URL=https://shop.example",
    ),
    "SITE_URL's scheme": (
        {"SITE_URL": "http://shop.example:8443", "ALLOWED_HOSTS": ["shop.example"]},
        "SITE_URL is http://shop.example:8443, and the shop redirects to HTTPS.",
        "export SITE_URL=https://shop.example:8443",
    ),
    "ALLOWED_HOSTS": (
        {"ALLOWED_HOSTS": ["localhost"]},
        "ALLOWED_HOSTS lacks shop.example, the host of SITE_URL: the shop refuses its own address.",
        "unset ALLOWED_HOSTS",
    ),
    "ALLOWED_HOSTS with a star": (
        {"ALLOWED_HOSTS": ["*"]},
        "ALLOWED_HOSTS allows every host name.",
        "unset ALLOWED_HOSTS",
    ),
    "CONVEYOR_DEMO": (
        {"CONVEYOR_DEMO": True},
        "CONVEYOR_DEMO is on: the logins' passwords are public, and test cards pay.",
        "export CONVEYOR_DEMO=0",
    ),
    "CONVEYOR_HTTPS": (
        {"SECURE_SSL_REDIRECT": False, "SESSION_COOKIE_SECURE": False, "SECURE_HSTS_SECONDS": 0},
        "CONVEYOR_HTTPS is off: passwords travel unencrypted.",
        "export CONVEYOR_HTTPS=1",
    ),
    "DEBUG": ({"DEBUG": True}, "DEBUG is on: errors show code and settings to everybody.", "export DEBUG=0"),
    "PAYMENT_GATEWAY": (
        {"PAYMENT_GATEWAY": "simulated"},
        "PAYMENT_GATEWAY is 'simulated': orders are shipped without being paid.",
        USE_STRIPE,
    ),
    "PAYMENT_GATEWAY by its path": (
        {"PAYMENT_GATEWAY": "payments.gateways.simulated.SimulatedGateway"},
        "PAYMENT_GATEWAY is 'payments.gateways.simulated.SimulatedGateway': orders are shipped without being paid.",
        USE_STRIPE,
    ),
    "SHIPPING_CARRIERS": (
        {"SHIPPING_CARRIERS": ("shipping.carriers.simulated.Swiftpost",)},
        "SHIPPING_CARRIERS contains simulated carriers (Swiftpost): no parcel is sent.",
        "export SHIPPING_CARRIERS=shipping.carriers.untracked.UntrackedPost",
    ),
    "CONVEYOR_SELLER_EMAIL": (
        {"CONVEYOR_SELLER_EMAIL": "shop@conveyor.example"},
        "The seller on invoices and in e-mails is the example shop.",
        "export CONVEYOR_SELLER_NAME=… CONVEYOR_SELLER_ADDRESS='…; …' CONVEYOR_SELLER_EMAIL=…",
    ),
    "CONVEYOR_SELLER_VAT_NUMBER": (
        {"CONVEYOR_SELLER_VAT_NUMBER": ""},
        "CONVEYOR_SELLER_VAT_NUMBER is not set: invoices that include VAT need the seller's number.",
        "export CONVEYOR_SELLER_VAT_NUMBER=DE123456789",
    ),
    "EMAIL_URL": (
        {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"},
        "EMAIL_URL is not set: no e-mail is sent.",
        "export EMAIL_URL=smtp+tls://user:password@host:587",
    ),
}
PRODUCTION = {
    "SITE_URL": "https://shop.example",
    "ALLOWED_HOSTS": ["shop.example", "localhost"],
    "CONVEYOR_DEMO": False,
    "DEBUG": False,
    "SECURE_SSL_REDIRECT": True,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_HSTS_PRELOAD": True,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "PAYMENT_GATEWAY": "stripe",
    "SHIPPING_CARRIERS": ("shipping.carriers.untracked.UntrackedPost",),
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "CONVEYOR_SELLER_EMAIL": "shop@lamps.test",
    "CONVEYOR_SELLER_VAT_NUMBER": "DE123456789",
}


@pytest.fixture
def production(settings):
    for name, value in PRODUCTION.items():
        setattr(settings, name, value)
    return settings


def found() -> set[tuple[str, str]]:
    return {(finding.sentence, finding.fix) for finding in configuration.deployment()}


@pytest.mark.parametrize("variable", FORGOTTEN)
def test_a_forgotten_variable_is_told_with_the_command_that_sets_it(production, variable):
    assert found() == set()
    wrong, sentence, fix = FORGOTTEN[variable]
    for name, value in wrong.items():
        setattr(production, name, value)
    assert found() == {(sentence, fix)}


def test_a_generated_key_is_told(production):
    key = production.VAR_DIR / "secret_key"
    key.write_text(production.SECRET_KEY)
    try:
        [finding] = configuration.deployment()
        assert finding.sentence == "SECRET_KEY is not set: each machine generates a key of its own."
        assert finding.fix.startswith("export SECRET_KEY=$(python -c ")
    finally:
        key.unlink()


@pytest.mark.parametrize("country", ["CH", "GB", "ZZ"])
def test_a_country_of_tax_outside_the_eu_is_an_error(settings, country):
    settings.SHOP_TAX_COUNTRY = country
    [error] = check_tax_country()
    assert (error.id, error.msg) == (
        "shop.E001",
        f"SHOP_TAX_COUNTRY is '{country}', which is not a member state of the EU.",
    )


@pytest.mark.parametrize("country", ["", "DE", "GR"])
def test_a_country_of_tax_in_the_eu_is_right(settings, country):
    settings.SHOP_TAX_COUNTRY = country
    assert check_tax_country() == []


def test_what_is_right_for_a_demo_is_told_for_deployment_only():
    assert list(configuration.settings()) == []
    assert len(found()) > 5
