"""Parcels of returns: a return that is cancelled leaves none with its carrier, whichever came first."""

from functools import partial

import pytest

from messaging import simulated_outages
from messaging.models import Message, State
from messaging.outbox import transaction
from shipping.carriers.base import circuit_of
from shipping.models import CarrierParcel
from shop.models import Return
from shop.returns import services
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all
from tests.races import at_once
from tests.shop.returns.returned import delivered, receive, requested

pytestmark = pytest.mark.django_db(transaction=True)


def cancel(found: Return, *, by: str = "customer") -> None:
    with transaction():
        services.cancel_return(found=Return.objects.get(pk=found.pk), by=by)


def parcel() -> CarrierParcel:
    return CarrierParcel.objects.get(is_return=True)


@pytest.mark.parametrize("by", ["customer", "staff", "expired"])
def test_the_parcel_of_a_cancelled_return_is_cancelled_with_its_carrier(by):
    found = requested(delivered())
    deliver_all()
    assert parcel().cancelled_at is None
    cancel(found, by=by)
    deliver_all()
    assert parcel().cancelled_at is not None
    assert not broken()


def test_the_parcel_of_a_received_return_stays():
    found = requested(delivered())
    deliver_all()
    receive(found)
    deliver_all()
    assert parcel().cancelled_at is None


def test_a_return_without_a_parcel_asks_no_carrier_to_cancel_one():
    cancel(requested(delivered()))
    deliver_all()
    assert not Message.objects.filter(task="shop.cancel_return_parcel").exists()


def test_it_is_cancelled_once_the_carrier_is_reachable_again():
    found = requested(delivered())
    deliver_all()
    circuit = circuit_of(parcel().carrier)
    simulated_outages.begin(name=circuit, seconds=600)
    cancel(found)
    assert deliver(claim_task(task="shop.cancel_return_parcel")) == State.PENDING
    simulated_outages.end(name=circuit)
    Message.objects.filter(state=State.PENDING).update(available_at=found.requested_at, waits_for="")
    deliver_all()
    assert parcel().cancelled_at is not None


def test_of_a_booking_and_a_cancellation_at_once_no_parcel_is_left():
    for _ in range(5):
        found = requested(delivered())
        message = claim_task(task="shop.send_return_label")
        at_once(partial(cancel, found), partial(deliver, message), refusals=())
        deliver_all()
        assert not CarrierParcel.objects.filter(is_return=True, cancelled_at=None).exists()
    assert not broken()
