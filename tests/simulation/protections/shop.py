"""Protections of orders, stock, e-mails, parcels, and of what operators do."""

from typing import Final

from tests.simulation.protections.protection import Protection

SHOP: Final = (
    Protection(
        name="the status in the database decides about a move",
        module="orders.transitions",
        code="WHERE id = %s AND status IN ({sources})",
        without="WHERE id = %s AND (status IN ({sources}) OR 1 = 1)",
        seed=41,
    ),
    Protection(
        name="an order that is not paid holds no stock",
        module="shop.receivers",
        code="def release(*, order: Order, **kwargs: Any) -> None:\n    release_stock(order=order)",
        without="def release(*, order: Order, **kwargs: Any) -> None:\n    pass",
        seed=5,
    ),
    Protection(
        name="an order that is paid again takes its stock again",
        module="shop.receivers",
        code="def retake(*, order: Order, **kwargs: Any) -> None:\n    retake_stock(order=order)",
        without="def retake(*, order: Order, **kwargs: Any) -> None:\n    pass",
        test="tests/shop/order_pages/test_services.py"
        "::test_a_declined_card_releases_the_stock_and_a_retry_takes_it_again",
    ),
    Protection(
        name="products are locked before their stock is compared",
        module="shop.stock.services",
        code='products.order_by("pk").select_for_update(of=("self",), no_key=True)',
        without="products",
        database="postgresql",
        seed=5,
    ),
    Protection(
        name="a repeated request gets its first order",
        module="shop.checkout.services",
        code="            keys.claim_key(idempotency, digest=digest, order=new.order)\n",
        without="",
    ),
    Protection(
        name="a paid order is cancelled as unpaid by nobody",
        module="orders.services.lifecycle",
        code="sources = [status for status in UNPAID if status == order.status]",
        without="sources = [*UNPAID, Status.PAID]",
        test="tests/orders/test_services.py::test_an_order_that_has_moved_on_is_not_cancelled_as_unpaid",
    ),
    Protection(
        name="a probe of the mail server that may have been sent is not sent again",
        module="orders.emails.delivery",
        code="if isinstance(error.__cause__, EmailOutcomeUnknown):",
        without="if False:",
        test="tests/orders/test_mail_outage.py::test_a_probe_that_may_have_been_sent_is_not_sent_again",
    ),
    Protection(
        name="an e-mail is claimed before it is sent",
        module="orders.emails.delivery",
        code="        may_send = claim(task, kind=kind, order_id=order_id)\n",
        without="        may_send = True\n",
        test="tests/orders/test_email_delivery.py::test_two_deliveries_of_one_message_send_one_email",
    ),
    Protection(
        name="carriers are asked before a second booking",
        module="shipping.tasks",
        code="    if not (may_book and is_first_attempt):\n",
        without="    if not may_book:\n",
        test="tests/shipping/test_tasks.py::test_an_earlier_booking_with_another_carrier_is_found",
    ),
    Protection(
        name="the parcel of an order that was cancelled meanwhile is cancelled",
        module="shipping.services",
        code='        _cancel(shipment, **({} if refusal.present in _ENDED else {"current_for": None}))\n',
        without="        pass\n",
        test="tests/shipping/test_tasks.py::test_the_parcel_of_an_order_cancelled_during_its_booking_is_cancelled",
    ),
    Protection(
        name="nothing is shipped while its money is going back",
        module="orders.transitions",
        code='(_UNLESS_HELD if unless_held else "")',
        without='""',
        test="tests/shop/office/test_holds.py"
        "::test_a_parcel_that_was_booked_while_a_refund_began_is_cancelled_and_another_one_booked_later",
    ),
    Protection(
        name="the status in the database decides about a parcel",
        module="shipping.services",
        code="filter(pk=pk, status__in=sources)",
        without="filter(pk=pk)",
        test="tests/shipping/test_found_parcels.py::test_an_answer_from_before_the_loss_finds_nothing",
    ),
    Protection(
        name="a parcel is reshipped once",
        module="shipping.delivery_problems",
        code="    if not stranded.update(current_for=None):\n        return False\n",
        without="    stranded.update(current_for=None)\n",
        test="tests/shipping/test_reshipping.py::test_a_double_click_reships_once",
    ),
)

DESK: Final = (
    Protection(
        name="a message is quarantined after retries that did not help",
        module="messaging.operations.failures.quarantine",
        code="message.revivals >= settings.CONVEYOR_QUARANTINE_AFTER\n",
        without="False\n",
        test="tests/messaging/operations/failures/test_quarantine.py"
        "::test_a_message_that_died_again_after_three_retries_is_quarantined",
    ),
    Protection(
        name="messages of a subject are retried one after the other",
        module="messaging.operations.bulk_retry.subject_order",
        code="            item.is_blocked = subject in chains\n",
        without="            item.is_blocked = False\n",
        test="tests/messaging/operations/bulk_retry/test_subject_order.py"
        "::test_a_later_message_of_a_subject_is_sent_only_after_the_earlier_was_done",
    ),
    Protection(
        name="a retry that a newer message has overtaken is left out",
        module="messaging.operations.bulk_retry.verdicts",
        code="return found | superseded | done",
        without="return found | done",
        test="tests/messaging/operations/bulk_retry/test_preview.py"
        "::test_a_message_superseded_by_a_newer_success_is_skipped",
    ),
    Protection(
        name="only what was discarded is restored",
        module="messaging.operations.actions.messages",
        code="filter(pk=id_, state=State.DISCARDED)",
        without="filter(pk=id_)",
        test="tests/messaging/operations/failures/test_failure_groups.py::test_only_discarded_messages_are_restored",
    ),
    Protection(
        name="only what is dead is revived",
        module="messaging.transitions.locks",
        code="rows = Message.objects.dead().select_for_update()",
        without="rows = Message.objects.select_for_update()",
        test="tests/messaging/operations/test_actions.py::test_the_second_of_two_operators_sees_who_acted_first",
    ),
)
