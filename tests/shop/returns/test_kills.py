"""Worker kills: a process that dies at any commit of a return's label leaves one parcel, one label and one e-mail.

The death is one that no handler sees: it strikes before or right after the database commits, for the first commit, the
second, and so on, until a run has fewer. Afterwards the message is delivered again, as recovery does.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from messaging.models import Message, State
from messaging.outbox import transaction
from orders.models import EmailDelivery
from payments.models import GatewayRefund, Refund
from shipping.models import CarrierParcel
from shop.models import Return, ReturnLabel, ReturnStatus
from shop.returns.services import Decision, receive_return
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all
from tests.shop.returns.returned import delivered, operator, requested

pytestmark = pytest.mark.django_db(transaction=True)
#: More commits than any of the tasks has.
MOST = 12


class Killed(BaseException):
    """Nothing handles it, as nothing handles SIGKILL."""


@contextmanager
def dies_at(commit: int, *, is_before: bool) -> Iterator[list[bool]]:
    """The process dies at the given commit, counted from 1. Yields a list that has an item once it did."""
    inner, counted = connection.commit, iter(range(1, 1000))
    died: list[bool] = []

    def outer() -> None:
        is_fatal = not died and next(counted) == commit
        if is_fatal and is_before:
            connection.rollback()  # as the database does once the process is gone
        else:
            inner()
        if is_fatal:
            died.append(True)
            raise Killed

    connection.commit = outer  # type: ignore[method-assign]
    try:
        yield died
    finally:
        connection.commit = inner  # type: ignore[method-assign]


def run(message: Message, commit: int, *, is_before: bool) -> bool:
    """Deliver the message to a worker that dies at the commit. Whether it died."""
    with dies_at(commit, is_before=is_before) as died, suppress(Killed):
        deliver(message)
    return bool(died)


@pytest.mark.parametrize("is_before", [True, False])
def test_a_kill_at_any_commit_leaves_one_parcel_one_label_and_one_e_mail(is_before):
    order = delivered(pieces=[MOST])
    for commit in range(1, MOST):
        found = requested(order, pieces=[1])
        mail.outbox.clear()
        message = claim_task(task="shop.send_return_label")
        if not run(message, commit, is_before=is_before):
            break
        EmailDelivery.objects.filter(pk=message.pk).update(claimed_at=found.requested_at.replace(year=2020))
        assert deliver(message, redelivered=True) in (State.DONE, State.DEAD)
        assert_done_once(found, message)
    assert 1 < commit < MOST - 1


def assert_done_once(found: Return, message: Message) -> None:
    found.refresh_from_db()
    parcel = CarrierParcel.objects.get(idempotency_key=found.number)
    assert found.tracking_number == parcel.tracking_number
    assert ReturnLabel.objects.filter(parent=found).count() == 1
    message.refresh_from_db()
    if message.state == State.DEAD:
        # Killed while the e-mail was handed over: only an operator may send it again.
        assert message.error_type.endswith("EmailOutcomeUnknown")
    else:
        assert len(mail.outbox) == 1
    assert len(mail.outbox) <= 1
    assert not broken()


@pytest.mark.parametrize("is_before", [True, False])
def test_a_kill_at_any_commit_of_receiving_refunds_once_or_not_at_all(is_before):
    for commit in range(1, MOST):
        found = requested(delivered())
        decisions = {line.pk: Decision(line.quantity, line.quantity) for line in found.lines.all()}
        died = kill_while_receiving(found, decisions, commit, is_before)
        deliver_all()
        found.refresh_from_db()
        is_done = not (died and is_before)
        assert found.status == (ReturnStatus.REFUNDED if is_done else ReturnStatus.REQUESTED)
        assert Refund.objects.filter(pk=found.pk).count() == is_done
        assert GatewayRefund.objects.filter(idempotency_key=str(found.pk)).count() == is_done
        assert not broken()
        if not died:
            break
    assert commit == 2, "it is one transaction"


def kill_while_receiving(found: Return, decisions: Any, commit: int, is_before: bool) -> bool:
    by = operator()
    with dies_at(commit, is_before=is_before) as died, suppress(Killed), transaction():
        receive_return(found=found, decisions=decisions, rejection="", by=by)
    return bool(died)
