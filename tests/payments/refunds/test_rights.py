"""Rights of operators: services decide by them, whichever page, command or API calls."""

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied

from messaging.models import Message
from orders.models import OrderEvent
from orders.services.operators import Operator
from payments import services
from payments.models import Payment, Refund
from shop.models import User
from tests.factories import UserFactory
from tests.payments.refunds.refunding import delivered, failed
from tests.payments.test_write_offs import lost

pytestmark = pytest.mark.django_db(transaction=True)
Decide = Callable[[Operator], object]


def refund() -> Decide:
    order = delivered()
    return lambda by: services.refund_order(order=order, amount=100, request_id=uuid.uuid4(), by=by, reason="late")


def repeat() -> Decide:
    refund = failed()
    return lambda by: services.repeat_refund(refund=refund, by=by, reason="new card")


def settle() -> Decide:
    refund = failed()
    return lambda by: services.settle_refund(refund=refund, by=by, reason="bank transfer")


def write_off() -> Decide:
    payment = lost()[0].payments.get()
    return lambda by: services.write_off(payment=payment, by=by, reason="paid in cash")


def state() -> tuple[object, ...]:
    statuses = [tuple(model.objects.order_by("pk").values_list("pk", "status")) for model in (Payment, Refund)]
    return *statuses, OrderEvent.objects.count(), Message.objects.count()


@pytest.mark.parametrize("prepare", [refund, repeat, settle, write_off])
def test_money_is_decided_about_with_permission_only(prepare: Callable[[], Decide]):
    decide = prepare()
    olga: User = UserFactory.create(is_staff=True)
    before = state()
    with pytest.raises(PermissionDenied, match=r"payments\.refund_payment"):
        decide(olga)
    assert state() == before
    olga.user_permissions.set(Permission.objects.filter(codename="refund_payment"))
    decide(User.objects.get(pk=olga.pk))
    assert state() != before
    assert OrderEvent.objects.filter(data__by=olga.username).exists()
