"""The contract of gateways, run against those of the shop."""

import pytest

from payments.gateways import RequestRefused
from tests.payments.gateways.contract import *  # noqa: F403
from tests.payments.gateways.contract import charge, refund

pytestmark = pytest.mark.django_db(transaction=True)


def test_more_refunds_than_the_shop_looks_at_are_refused(subject, monkeypatch):
    for module in ("stripe", "simulated_refunds"):
        monkeypatch.setattr(f"payments.gateways.{module}.MOST_REFUNDS", 2)
    reference = charge(subject).reference
    for n in range(3):
        refund(subject, reference, key=f"r{n}", amount=10)
    with pytest.raises(RequestRefused, match="more than 2 refunds"):
        subject.gateway.refunds(charge_reference=reference)
