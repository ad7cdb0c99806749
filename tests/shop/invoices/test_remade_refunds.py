"""A refund that fails at the bank and is made anew, in whatever parts: credit notes cover what went back, once."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.services.operators import Trusted
from payments.gateways import RefundState
from payments.models import RETURNED, Refund, RefundStatus
from payments.selectors import refundable_amount
from payments.services import repeat_refund
from shop.invoices.services import issue_credit_note
from shop.models import CreditNote, Invoice
from tests import fuzzing
from tests.auditing import broken
from tests.payments.refunds.refunding import (
    compare,
    delivered,
    refund_outside,
    settle_at_gateway,
    start_refund,
    work_off,
)

pytestmark = pytest.mark.django_db(transaction=True)
PRICE = 2500
AMOUNTS = (500, 1000, 1500, 2500, 700)


def returned_by_the_bank(amounts: Sequence[int]) -> list[Refund]:
    """Refunds of one delivered order that the shopper had, until the bank returned them."""
    order = delivered()
    refunds = [start_refund(order, amount) for amount in amounts]
    work_off()
    for refund in refunds:
        settle_at_gateway(refund, RefundState.FAILED)
    compare(refunds[0].payment)
    return list(Refund.objects.filter(pk__in=[refund.pk for refund in refunds]).order_by("created_at"))


def credited() -> list[int]:
    """Amounts of all credit notes, whose numbers have no gaps."""
    notes = list(CreditNote.objects.order_by("pk"))
    assert [note.sequence for note in notes] == list(range(1, len(notes) + 1))
    return [note.total for note in notes]


@pytest.mark.parametrize(
    ("failed", "remade", "notes"),
    [
        ([2500], [1500, 1000], [2500]),
        ([2500], [1000, 1500], [2500]),
        ([2500], [1500], [2500]),
        ([1500, 1000], [2500], [1500, 1000]),
        ([500, 1000, 1000], [1500, 1000], [500, 1000, 1000]),
        ([1000], [300, 1100], [1000, 400]),
        ([1000], [2500], [1000, 1500]),
        ([1000, 500], [700, 700, 700], [1000, 500, 600]),
    ],
)
def test_what_is_refunded_instead_is_covered_by_the_credit_notes_of_what_failed(failed, remade, notes):
    payment = returned_by_the_bank(failed)[0].payment
    issued = list(CreditNote.objects.order_by("pk").values_list("number", "data", "total"))
    for amount in remade:
        refund_outside(payment, amount)
        compare(payment)
    work_off()
    assert credited() == notes
    assert list(CreditNote.objects.order_by("pk").values_list("number", "data", "total"))[: len(failed)] == issued
    assert broken().keys() <= {"every refund that failed has been repeated or settled"}


def test_the_rest_of_a_failed_refund_that_was_made_in_part_is_refunded_under_its_credit_note():
    [failed] = returned_by_the_bank([2000])
    refund_outside(failed.payment, 1000)
    compare(failed.payment)
    order = failed.payment.order
    assert refundable_amount(order=order) == PRICE - 1000
    start_refund(order, 1000)
    work_off()
    assert credited() == [2000]
    assert broken() == {}


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_failed_refunds_that_are_repeated_after_others_used_their_credit_notes_get_new_ones(order):
    """The second one's credit note is the rest of the money that its first one does not cover."""
    refunds = returned_by_the_bank([700, 500])
    payment = refunds[0].payment
    refund_outside(payment, 1000)
    compare(payment)
    assert credited() == [700, 500]
    for at in order:
        repeat_refund(refund=refunds[at], by=Trusted("olga"), reason="new card")
        work_off()
    assert sum(credited()) == 2200
    assert broken() == {}
    invoice = Invoice.objects.get()
    assert [note.invoice for note in CreditNote.objects.all()] == [invoice] * len(credited())


def test_money_that_only_a_second_try_returned_is_covered():
    """The gateway made a refund twice, and the bank returned the first: what is refunded then is not a duplicate."""
    [failed] = returned_by_the_bank([500])
    again = {"payment": failed.payment, "status": RefundStatus.DONE}
    Refund.objects.create(**again, amount=500, duplicates=failed)
    other = Refund.objects.create(**again, amount=700)
    issue_credit_note(refund=other)
    assert credited() == [500, 700]


steps = st.lists(st.tuples(st.integers(0, len(AMOUNTS) - 1), st.booleans()), max_size=12)


@settings(max_examples=fuzzing.examples(20), deadline=None)
@given(steps)
def test_credit_notes_are_of_the_most_that_the_shopper_had_in_any_order(taken):
    """Refunds reach the shopper and are returned by the bank; together they never exceed the payment."""
    payment = delivered().payments.get()
    refunds = [Refund.objects.create(payment=payment, amount=amount, status="cancelled") for amount in AMOUNTS]
    most = 0
    for at, succeeds in taken:
        had = sum(each.amount for each in refunds if each.status in RETURNED and each is not refunds[at])
        is_returned = succeeds and had + AMOUNTS[at] <= PRICE
        refunds[at].status = RefundStatus.DONE if is_returned else RefundStatus.CANCELLED
        refunds[at].save()
        if is_returned:
            issue_credit_note(refund=refunds[at])
            most = max(most, had + AMOUNTS[at])
        notes = CreditNote.objects.filter(order=payment.order)
        assert sum(note.total for note in notes) == most
        assert not [name for name in broken() if "credit notes" in name]
