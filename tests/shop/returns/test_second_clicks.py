"""The second of two clicks on a return's form is answered as the first, or not at all: the page shows what was done."""

from functools import partial

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from messaging.outbox import transaction
from payments.errors import NothingToRefund
from payments.models import Payment, PaymentStatus, Refund
from shop.models import Return, ReturnStatus
from shop.returns.errors import AlreadyDecided
from tests.races import at_once
from tests.shop.returns.returned import delivered, operator, operator_client, receive, requested
from tests.shop.returns.test_pages import decision, url

pytestmark = pytest.mark.django_db(transaction=True)
REFUSAL = "Nothing was changed."


def test_a_shopper_who_cancels_twice_reads_no_error():
    found = requested(delivered())
    path = f"/orders/{found.order.public_id}/returns/{found.pk}/cancel/"
    assert "Your return is cancelled." in Client().post(path, follow=True).text
    assert REFUSAL not in Client().post(path, follow=True).text
    assert found.order.events.filter(kind="return_cancelled").count() == 1


def test_an_operator_who_cancels_twice_reads_no_error():
    found, client = requested(delivered()), operator_client()
    data = {"action": "cancel", "return": str(found.pk)}
    assert f"Return {found.number} cancelled." in client.post(url(found.order), data, follow=True).text
    assert REFUSAL not in client.post(url(found.order), data, follow=True).text
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize(("accepted", "text"), [((2, 1), "Refund of €37.50 started"), ((0, 0), "rejected")])
def test_an_operator_who_receives_twice_reads_the_outcome(accepted, text):
    found, client = requested(delivered()), operator_client()
    data = decision(found, *accepted, rejection="" if any(accepted) else "worn")
    for _ in range(2):
        response = client.post(url(found.order), data, follow=True)
        assert text in response.text
        assert REFUSAL not in response.text
    assert (LogEntry.objects.count(), Refund.objects.count()) == (1, int(any(accepted)))


def test_another_decision_than_the_first_is_refused():
    found, client = requested(delivered()), operator_client()
    client.post(url(found.order), decision(found, 2, 1))
    page = client.post(url(found.order), decision(found, 2, 0, rejection="worn"), follow=True)
    assert "is already received. Nothing was changed." in page.text


def test_a_return_that_is_decided_is_refused_as_such_whatever_became_of_its_payment():
    found = requested(delivered())
    receive(found)
    Payment.objects.update(status=PaymentStatus.AUTHORISED, captured_at=None)
    with pytest.raises(AlreadyDecided), transaction():
        receive(Return.objects.get(pk=found.pk))


def test_clicks_at_once_are_one_refund():
    found, by = requested(delivered()), operator()
    refused = at_once(*[partial(receive, found, by=by)] * 2, refusals=(AlreadyDecided, NothingToRefund))
    assert sorted(map(repr, map(type, refused))) == sorted(map(repr, (type(None), AlreadyDecided)))
    assert Return.objects.get().status == ReturnStatus.RECEIVED
