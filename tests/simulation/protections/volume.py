"""Protections of a ledger that grows: bounds, priorities under load, retention."""

from typing import Final

from tests.simulation.protections.protection import Protection

_MESSAGING = "tests/messaging"

VOLUME: Final = (
    Protection(
        name="a message that was made due again meanwhile is settled",
        module="messaging.transitions.ledger_sql",
        code="state = 'sent' OR state = 'pending'",
        without="state = 'sent' OR state = 'none'",
        test=f"{_MESSAGING}/worker/test_duplicates.py"
        "::test_a_delivery_settles_a_message_that_was_made_due_again_meanwhile",
    ),
    Protection(
        name="messages are purged by their end",
        module="messaging.retention",
        code="finished_at__lt=",
        without="created_at__lt=",
        test=f"{_MESSAGING}/test_scheduler.py::test_a_message_that_succeeded_late_is_kept_from_its_end_on",
    ),
    Protection(
        name="a bulk retry counts messages that were purged",
        module="messaging.operations.bulk_retry.driver",
        code="    finished += in_flight.filter(~is_kept)",
        without="    finished += in_flight.filter(is_kept, pk=None)",
        test=f"{_MESSAGING}/operations/bulk_retry/test_purge.py"
        "::test_a_bulk_retry_ends_although_its_messages_were_purged",
    ),
    Protection(
        name="a closed circuit releases in batches",
        module="messaging.circuit_breaker",
        code="[: limit - released]",
        without="",
        test=f"{_MESSAGING}/circuit_breaker/test_release.py"
        "::test_the_release_is_bounded_and_takes_the_most_urgent_first",
    ),
    Protection(
        name="lost messages are sent again in batches",
        module="messaging.relay.recovery",
        code="rows[: room + len(finding.held)] if pk not in finding.held][:room]",
        without="rows if pk not in finding.held]",
        test=f"{_MESSAGING}/relay/recovery/test_lost_messages.py"
        "::test_lost_messages_become_due_in_batches_urgent_and_new_ones_first",
    ),
    Protection(
        name="of lost messages the urgent and new ones go first",
        module="messaging.relay.recovery",
        code='order_by("-priority", "-sent_at")',
        without='order_by("sent_at")',
        test=f"{_MESSAGING}/relay/recovery/test_lost_messages.py"
        "::test_lost_messages_become_due_in_batches_urgent_and_new_ones_first",
    ),
    Protection(
        name="sending does not wait for chores",
        module="messaging.relay.loop",
        code="        self._chores.start()\n",
        without="        self._chores.round()\n",
        test=f"{_MESSAGING}/relay/test_chores.py::test_sending_does_not_wait_for_a_chore_that_hangs",
    ),
    Protection(
        name="rows of a removed queue are dead after a bound",
        module="messaging.relay.unroutable",
        code="    for message in overdue:\n",
        without="    for message in overdue[:0]:\n",
        test=f"{_MESSAGING}/relay/test_unpublishable.py"
        "::test_rows_of_a_removed_queue_do_not_hold_up_others_and_are_dead_after_a_bound",
    ),
    Protection(
        name="a message that cannot be published is found alone",
        module="messaging.relay.loop",
        code="        self._batch = max(1, self._batch // 8)",
        without="        self._batch = max(1, self._batch)",
        test=f"{_MESSAGING}/relay/test_unpublishable.py"
        "::test_a_message_over_which_the_broker_closes_the_channel_is_found_and_dead",
    ),
    Protection(
        name="a share of each claim is for messages that others have overtaken",
        module="messaging.relay.claim",
        code="filter(lambda lane: lane.has_aged, due)",
        without="due[:0]",
        test=f"{_MESSAGING}/relay/test_flow.py::test_a_low_message_is_promoted_once_it_has_waited_too_long",
    ),
    Protection(
        name="the audit looks at changes in slices",
        module="messaging.invariants.periodic",
        code="found = list(rows.values_list(feed.by, feed.key)[: slices.ROWS])",
        without="found = list(rows.values_list(feed.by, feed.key))",
        test=f"{_MESSAGING}/test_audit_slices.py::test_a_look_at_many_changes_is_a_chain_of_bounded_slices",
    ),
)
