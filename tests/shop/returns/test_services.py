"""Return services: what may be returned and until when, what it is worth, and what decides between two actions."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from messaging.models import Message, State
from messaging.outbox import transaction
from orders.models import Order, OrderEvent, Status
from payments.models import Refund, RefundStatus
from shop.models import Product, Return, ReturnStatus, StockMovement
from shop.returns import services
from shop.returns.errors import (
    AlreadyDecided,
    InvalidDecision,
    NothingSelected,
    NotReturnable,
    RequestReused,
    TooManyLines,
    TooManyPieces,
    TooManyReturns,
)
from shop.returns.selectors import return_deadline
from tests.auditing import broken
from tests.delivery import deliver_all, run_periodic
from tests.factories import UserFactory, place
from tests.shop.returns.returned import delivered, operator, receive, requested, with_lines

pytestmark = pytest.mark.django_db(transaction=True)


def stock() -> list[int]:
    return list(Product.objects.order_by("pk").values_list("stock", flat=True))


def deliver_days_ago(order: Order, days: float) -> None:
    OrderEvent.objects.filter(order=order, kind=Status.DELIVERED).update(at=timezone.now() - timedelta(days=days))


def test_a_return_is_requested_labelled_received_and_refunded():
    order = delivered()
    found = requested(order)
    assert (found.status, found.number) == (ReturnStatus.REQUESTED, f"{order.number}-R1")
    deliver_all()
    assert receive(found) == 3750
    deliver_all()
    found.refresh_from_db()
    order.refresh_from_db()
    assert (found.status, found.amount, found.refund.status) == (ReturnStatus.REFUNDED, 3750, RefundStatus.DONE)
    assert order.status == Status.REFUNDED
    assert stock() == [100, 100]
    assert not broken()


def test_a_part_of_an_order_is_refunded_at_the_price_paid():
    order = delivered()
    Product.objects.update(price=9900)
    found = requested(order, pieces=(1, 0))
    assert receive(found) == 1250
    deliver_all()
    found.refresh_from_db()
    order.refresh_from_db()
    assert (found.status, order.status) == (ReturnStatus.REFUNDED, Status.DELIVERED)
    assert stock() == [99, 99]
    assert not broken()


def test_only_delivered_orders_are_returned():
    with pytest.raises(NotReturnable):
        requested(place())


@pytest.mark.parametrize(("days", "is_open"), [(14, True), (15.01, False)])
def test_the_period_ends_with_its_last_day(days, is_open):
    order = delivered()
    deliver_days_ago(order, days)
    if is_open:
        requested(order)
    else:
        with pytest.raises(NotReturnable):
            requested(order)


def test_the_day_of_delivery_does_not_count(settings):
    settings.CONVEYOR_RETURN_DAYS = 14
    at = timezone.now().replace(year=2026, month=3, day=2, hour=9)
    assert return_deadline(delivered_at=at).date().isoformat() == "2026-03-17"


def test_returns_can_be_switched_off(settings):
    settings.CONVEYOR_RETURN_DAYS = 0
    with pytest.raises(NotReturnable):
        requested(delivered())


def test_no_more_pieces_are_returned_than_were_bought():
    order = delivered()
    requested(order, pieces=(1, 1))
    with pytest.raises(TooManyPieces):
        requested(order, pieces=(2, 0))
    requested(order, pieces=(1, 0))
    with pytest.raises(TooManyPieces):
        requested(order, pieces=(0, 1))
    assert Return.objects.count() == 2
    assert not broken()


def test_a_cancelled_return_and_pieces_that_were_not_accepted_can_be_returned_again():
    order = delivered()
    first = requested(order)
    with transaction():
        services.cancel_return(found=first, by="customer")
    second = requested(order)
    receive(second, accepted=(1, 1), rejection="One was missing.")
    third = requested(order, pieces=(1, 0))
    assert third.number.endswith("-R3")


def test_the_returns_of_an_order_are_bounded():
    order = delivered()
    Return.objects.bulk_create(
        Return(order=order, number=f"X{n}", reason="other", status=ReturnStatus.CANCELLED)
        for n in range(services.MOST_RETURNS)
    )
    with pytest.raises(TooManyReturns):
        requested(order)


def test_the_lines_of_a_return_are_bounded():
    order = with_lines(services.MOST_LINES + 1)
    with pytest.raises(TooManyLines):
        requested(order)
    assert not order.returns.exists()


def test_an_empty_return_is_refused():
    with pytest.raises(NothingSelected):
        requested(delivered(), pieces=(0, 0))


@pytest.mark.parametrize("pieces", [-1, 3])
def test_impossible_counts_are_refused(pieces):
    with pytest.raises(TooManyPieces):
        requested(delivered(), pieces=(pieces, 0))


def test_lines_of_another_order_are_refused():
    line, other = delivered().lines.get(quantity=2), delivered()
    with pytest.raises(TooManyPieces), transaction():
        services.request_return(order=other, lines={line.pk: 1}, reason="other")


def test_a_repeated_request_creates_one_return():
    order, id_ = delivered(), uuid.uuid4()
    assert requested(order, request_id=id_) == requested(order, request_id=id_)
    assert Message.objects.filter(task="shop.send_return_label").count() == 1
    with pytest.raises(RequestReused):
        requested(order, pieces=(1, 0), request_id=id_)
    with pytest.raises(RequestReused):
        requested(delivered(), request_id=id_)


def test_of_two_operators_one_wins():
    found = requested(delivered())
    assert receive(Return.objects.get()) == 3750
    with pytest.raises(AlreadyDecided, match="is already received"):
        receive(found)
    with pytest.raises(AlreadyDecided), transaction():
        services.cancel_return(found=found, by="customer")
    assert Refund.objects.count() == 1


def test_a_return_is_received_and_cancelled_with_permission_only():
    found, stranger = requested(delivered()), UserFactory.create()
    with pytest.raises(PermissionDenied):
        receive(found, by=stranger)
    with pytest.raises(PermissionDenied):
        services.cancel_as_operator(found=found, by=stranger)
    found.refresh_from_db()
    assert found.status == ReturnStatus.REQUESTED
    services.cancel_as_operator(found=found, by=operator())
    assert found.status == ReturnStatus.CANCELLED


def test_a_rejected_return_refunds_nothing():
    order = delivered()
    found = requested(order)
    assert receive(found, accepted=(0, 0), rejection="The parcel was empty.") == 0
    deliver_all()
    found.refresh_from_db()
    assert (found.status, found.rejection) == (ReturnStatus.REJECTED, "The parcel was empty.")
    assert not Refund.objects.exists()
    assert not broken()


@pytest.mark.parametrize(
    ("accepted", "restocked", "rejection"), [((3, 1), True, ""), ((1, 1), True, ""), ((-1, 1), True, "x")]
)
def test_decisions_that_do_not_fit_are_refused(accepted, restocked, rejection):
    found = requested(delivered())
    with pytest.raises(InvalidDecision):
        receive(found, accepted=accepted, restocked=restocked, rejection=rejection)
    found.refresh_from_db()
    assert found.status == ReturnStatus.REQUESTED


def test_every_line_must_be_decided():
    found = requested(delivered())
    with pytest.raises(InvalidDecision), transaction():
        services.receive_return(found=found, decisions={}, rejection="", by=operator())


def test_what_cannot_be_sold_stays_out_of_stock():
    receive(requested(delivered()), restocked=False)
    assert stock() == [98, 99]
    assert not StockMovement.objects.filter(reason=StockMovement.Reason.RETURN).exists()


def test_a_return_whose_parcel_never_comes_is_cancelled(settings):
    settings.CONVEYOR_RETURN_WAIT_DAYS = 30
    found = requested(delivered())
    sent_on_the_last_day = requested(delivered())
    Return.objects.filter(pk=found.pk).update(requested_at=timezone.now() - timedelta(days=45))
    Return.objects.filter(pk=sent_on_the_last_day.pk).update(requested_at=timezone.now() - timedelta(days=43))
    run_periodic("shop.follow_returns")
    found.refresh_from_db()
    sent_on_the_last_day.refresh_from_db()
    assert (found.status, sent_on_the_last_day.status) == (ReturnStatus.CANCELLED, ReturnStatus.REQUESTED)
    event = found.order.events.get(kind="return_cancelled")
    assert event.data == {"number": found.number, "by": "expired"}


def test_less_time_to_send_a_return_does_not_cancel_those_that_were_given_more(settings):
    settings.CONVEYOR_RETURN_WAIT_DAYS = 30
    given_more, by_an_older_release = requested(delivered()), requested(delivered())
    settings.CONVEYOR_RETURN_WAIT_DAYS = 7
    given_less = requested(delivered())
    Return.objects.update(requested_at=timezone.now() - timedelta(days=43))
    Return.objects.filter(pk=by_an_older_release.pk).update(wait=None)
    run_periodic("shop.follow_returns")
    left = Return.objects.get(status=ReturnStatus.REQUESTED)
    assert left == given_more
    assert given_less.wait == timedelta(days=7)
    Return.objects.update(requested_at=timezone.now() - timedelta(days=45))
    settings.CONVEYOR_RETURN_WAIT_DAYS = 60
    run_periodic("shop.follow_returns")
    assert Return.objects.filter(status=ReturnStatus.REQUESTED).exists()
    settings.CONVEYOR_RETURN_WAIT_DAYS = 1
    run_periodic("shop.follow_returns")
    assert not Return.objects.filter(status=ReturnStatus.REQUESTED).exists()


def test_a_refund_from_outside_completes_the_return():
    found = requested(delivered())
    receive(found)
    Refund.objects.update(status=RefundStatus.CANCELLED)
    run_periodic("shop.follow_returns")
    found.refresh_from_db()
    assert found.status == ReturnStatus.REFUNDED


def test_a_task_is_due_for_each_step():
    found = requested(delivered())
    assert Message.objects.get(task="shop.send_return_label").state == State.PENDING
    receive(found)
    payload = Message.objects.get(task="shop.send_return_email").payload
    assert payload["kind"] == "received"


def test_a_repetition_with_another_comment_is_refused_rather_than_lost():
    order, key = delivered(), uuid.uuid4()
    first = requested(order, request_id=key, comment="One")
    assert requested(order, request_id=key, comment="One") == first
    with pytest.raises(RequestReused):
        requested(order, request_id=key, comment="Another")
