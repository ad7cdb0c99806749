"""Protections of charges, refunds and gateway events."""

from typing import Final

from tests.simulation.protections.protection import Protection

_CHARGES, _RECORDS = "payments.services.charges", "payments.services.outcomes"
_OUTCOMES = "tests/payments/refunds/test_outcomes.py"

PAYMENTS: Final = (
    Protection(
        name="the payment's id is the key of its charge",
        module=_CHARGES,
        code="    key = str(payment.id)\n",
        without="    key = str(uuid.uuid4())\n",
        seed=1,
    ),
    Protection(
        name="the gateway is asked before a second charge",
        module=_CHARGES,
        code="payment.status == PaymentStatus.PENDING and not is_first_attempt",
        without="False",
        test="tests/payments/test_reconciliation.py::test_an_earlier_attempts_charge_is_found_before_the_next_charge",
    ),
    Protection(
        name="the charge of a cancelled payment is looked for",
        module=_CHARGES,
        code="payment.status == PaymentStatus.CANCELLED or (",
        without="(",
        test="tests/payments/test_cancelled_orders.py::test_an_order_cancelled_after_a_lost_reply_is_released",
    ),
    Protection(
        name="a charge that outlives its message is looked for",
        module=_CHARGES,
        code="    if payment.status == PaymentStatus.CANCELLED:\n        enqueue(",
        without="    if False:\n        enqueue(",
        test="tests/payments/test_cancelled_orders.py::test_a_charge_that_outlives_its_message_is_released",
    ),
    Protection(
        name="money that comes too late is refunded",
        module=_RECORDS,
        code="        refund_remainder(payment=payment)\n        return\n",
        without="        return\n",
        test="tests/payments/test_processing.py::test_a_cancelled_order_gets_back_what_the_bank_settles_all_the_same",
    ),
    Protection(
        name="what is reserved too late is released",
        module=_RECORDS,
        code="    else:\n        enqueue_void(payment=payment, order=payment.order)\n",
        without="",
        test="tests/payments/test_cancelled_orders.py::test_an_order_cancelled_during_its_charge_is_released",
    ),
    Protection(
        name="what is reserved for a cancelled order is released",
        module=_CHARGES,
        code="        else:\n            enqueue_void(payment=payment, order=order)\n",
        without="",
        test="tests/payments/test_confirmation.py"
        "::test_an_abandoned_payment_is_cancelled_at_its_time_limit_and_released",
    ),
    Protection(
        name="only its own gateway is asked about a payment",
        module="payments.gateways",
        code='    if of not in ("", gateway_name()):\n        raise AnotherGateway(of)\n',
        without="",
        test="tests/payments/gateways/test_another_gateway.py::"
        "test_a_charge_whose_reply_was_lost_is_not_made_again_at_another_gateway",
    ),
    Protection(
        name="the gateway is asked before a second capture",
        module="payments.services.captures",
        code="    if not is_first_attempt:\n",
        without="    if False:\n",
        test="tests/payments/test_captures.py::test_a_capture_is_looked_for_before_the_next_attempt",
    ),
    Protection(
        name="what a cancelled order has paid is refunded",
        module=_CHARGES,
        code='.select_related("order"):\n        refund_remainder(payment=payment)',
        without='.select_related("order"):\n        pass',
        seed=7,
    ),
    Protection(
        name="an outcome is recorded under the lock of the order",
        module=_RECORDS,
        code="    for field in _CHANGING:\n        setattr(payment, field, getattr(present, field))\n",
        without="",
        test="tests/payments/test_confirmation.py::test_a_late_look_at_a_replaced_payment_does_not_pay_the_order",
    ),
    Protection(
        name="a capture is recorded once",
        module=_RECORDS,
        code="    elif payment.status not in SETTLED:\n",
        without="    else:\n",
        test="tests/payments/test_captures.py::test_a_capture_that_is_recorded_twice_is_refunded_never",
    ),
    Protection(
        name="only a payment that takes no money yet is cancelled with its order",
        module=_CHARGES,
        code="order.payments.filter(status__in={*AWAITED, *RESERVED})",
        without="order.payments.all()",
        seed=5,
    ),
    Protection(
        name="the status in the database decides about a payment",
        module="payments.services.transitions",
        code="filter(pk=pk, status__in=sources)",
        without="filter(pk=pk)",
        test="tests/payments/test_charges.py::test_a_payment_that_has_changed_is_not_changed_again",
    ),
    Protection(
        name="the gateway is asked before a refund is made",
        module="payments.services.refunds",
        code="    known = asked.find_refund(**request, reference=refund.gateway_reference)\n",
        without="    known: RefundRecord | None = None\n",
        test=f"{_OUTCOMES}::test_a_refund_whose_reply_was_lost_is_made_once_though_the_gateway_forgot_its_key",
    ),
    Protection(
        name="no more than was paid is refunded",
        module="payments.services.refunds",
        code="if payment is None or not 0 < amount <= left:",
        without="if payment is None:",
        test="tests/payments/refunds/test_refunds.py::test_no_more_than_was_paid_is_refunded",
    ),
    Protection(
        name="a refund is decided under the lock of its order",
        module="payments.services.refunds",
        code="    order = lock_order(order_id=order.pk)\n    known",
        without="    order = Order.objects.get(pk=order.pk)\n    known",
        needs="postgresql",
        test="tests/payments/refunds/test_refunds.py::test_concurrent_refunds_never_exceed_what_was_paid",
    ),
    Protection(
        name="an answer that is older than a change of the refund changes nothing",
        module="payments.services.transitions",
        code="filter(pk=refund.pk, status=refund.status, repeats=refund.repeats)",
        without="filter(pk=refund.pk)",
        test=f"{_OUTCOMES}::test_an_answer_from_before_a_change_changes_nothing_and_the_gateway_is_asked_again",
    ),
    Protection(
        name="a webhook event is processed once",
        module="payments.services.gateway_events",
        code="    if is_new:\n",
        without="    if True:\n",
        test="tests/payments/test_webhooks.py::test_a_duplicate_event_is_processed_once",
    ),
)

#: Shoppers who confirm late or never, banks that settle after days, money that is let go.
AUTHORISATIONS: Final = (
    Protection(
        name="the capture follows the shipment",
        module="payments.receivers",
        code="    services.request_capture(order=order)\n",
        without="    pass\n",
    ),
    Protection(
        name="what the bank settles for a cancelled order is waited for",
        module=_RECORDS,
        code="        follow_void(payment=payment)\n",
        without="        pass\n",
        test="tests/payments/test_processing.py::test_a_cancelled_order_gets_back_what_the_bank_settles_all_the_same",
    ),
    Protection(
        name="a payment that the shopper confirms is looked at again",
        module=_RECORDS,
        code="        mark_action_required(order=payment.order)\n    follow_up(payment=payment)\n",
        without="        mark_action_required(order=payment.order)\n",
    ),
    Protection(
        name="a payment that the bank settles is looked at again",
        module=_RECORDS,
        code="        mark_processing(order=payment.order)\n    follow_up(payment=payment)\n",
        without="        mark_processing(order=payment.order)\n",
    ),
    Protection(
        name="the shopper has a time limit to confirm",
        module="orders.receivers",
        code="subject=order.number, delay=settings.CONVEYOR_ACTION_SECONDS)\n",
        without="subject=order.number, delay=1_000_000)\n",
    ),
    Protection(
        name="another method releases what the first one reserves",
        module=_CHARGES,
        code="    _release(order)\n    return start_payment(order=order, method=method)\n",
        without="    order.payments.filter(status__in={*AWAITED, *RESERVED}).update(status=PaymentStatus.CANCELLED)\n"
        "    return start_payment(order=order, method=method)\n",
        test="tests/payments/test_confirmation.py::test_another_method_replaces_the_payment_and_takes_no_stock_twice",
    ),
    Protection(
        name="a part of what is only reserved is not refunded",
        module="payments.services.refunds",
        code="        raise NotCaptured(order=order, requested=amount, left=left, failure=failure)\n    else",
        without="        _start_refund(payment, amount)\n    else",
        test="tests/payments/refunds/test_of_authorised.py::test_a_part_is_refused_until_it_is_captured",
    ),
    Protection(
        name="an order whose authorisation has expired holds no stock and is not shipped",
        module=_RECORDS,
        code="    if payment.order.status in of:\n",
        without="    if payment.order.status in of and code != AUTHORISATION_EXPIRED:\n",
        test="tests/payments/test_captures.py"
        "::test_an_authorisation_that_expires_before_shipment_takes_the_order_back_to_its_payment",
    ),
    Protection(
        name="the gateway is asked again by the database's clock",
        module="payments.services.follow_up",
        code="    age = (clock.now() - payment.created_at).total_seconds()\n",
        without="    age = (payment.created_at.now().astimezone() - payment.created_at).total_seconds()\n",
        seed=1103,
    ),
)
