"""The start with Stripe: a currency that it cannot charge."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from payments.gateways.stripe_setup import refuse_currency


def test_a_currency_that_stripe_cannot_charge_stops_the_start(settings):
    settings.SHOP_CURRENCY = "XTS"
    with pytest.raises(ImproperlyConfigured, match="SHOP_CURRENCY is XTS, and PAYMENT_GATEWAY is stripe: "):
        refuse_currency()


def test_any_other_is_accepted(settings):
    settings.SHOP_CURRENCY = "JPY"
    refuse_currency()
