"""Protections of a ledger that grows: bounds, priorities under load, retention."""

from typing import Final

from tests.simulation.protections.protection import Protection

_MESSAGING = "tests/messaging"
_RECONCILIATION, _LISTS = "tests/payments/test_reconciliation_run.py", "tests/shop/test_operator_lists.py"

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
        code="[: room + len(finding.held)]\n            lost = [pk for pk in ids if pk not in finding.held][:room]",
        without="\n            lost = [pk for pk in ids if pk not in finding.held]",
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
        name="what was sent to a removed queue is due again",
        module="messaging.relay.unroutable",
        code="sum(map(_take_back, unknown_queues(State.SENT))) + ",
        without="",
        test=f"{_MESSAGING}/relay/test_unpublishable.py"
        "::test_what_was_sent_to_a_removed_queue_is_due_again_after_a_bound_and_dead_after_another",
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
    Protection(
        name="a claim follows the index of its lane",
        module="messaging.relay.claim",
        code="set_config('enable_sort', 'off', true)",
        without="set_config('enable_sort', 'on', true)",
        needs="postgresql",
        test=f"{_MESSAGING}/relay/test_flow.py"
        "::test_a_claim_follows_the_lane_index_although_the_statistics_are_older_than_a_burst",
    ),
    Protection(
        name="a purge whose time is up continues in the next message",
        module="messaging.worker.slices",
        code="self.complete(None if self.is_done else payload)",
        without="self.complete(None)",
        test=f"{_MESSAGING}/test_scheduler.py::test_a_purge_whose_time_is_up_goes_on_in_the_next_message",
    ),
    Protection(
        name="a slice ends when its time is up",
        module="messaging.worker.slices",
        code="(not self._has_worked or time.monotonic() < self._end)",
        without="True",
        test=f"{_RECONCILIATION}::test_many_pages_are_read_by_a_chain_of_slices",
    ),
    Protection(
        name="a reconciliation continues where its last slice ended",
        module="payments.reconciliation_run",
        code="        self._move(**position, is_listed=not page.next)\n",
        without="        self._move(is_listed=True)\n",
        test=f"{_RECONCILIATION}::test_many_pages_are_read_by_a_chain_of_slices",
    ),
    Protection(
        name="a reconciliation looks at payments in slices",
        module="payments.reconciliation_run",
        code='rows = list(captured.order_by("captured_at")[: slices.ROWS])',
        without='rows = list(captured.order_by("captured_at"))',
        test=f"{_RECONCILIATION}::test_payments_are_looked_at_in_bounded_batches",
    ),
    Protection(
        name="payments at the end of a slice are not left out",
        module="payments.reconciliation_run",
        code="            rows += captured.filter(captured_at=last).exclude(pk__in=seen)\n",
        without="            del seen\n",
        test=f"{_RECONCILIATION}::test_payments_captured_at_the_same_moment_are_all_looked_at",
    ),
    Protection(
        name="a circuit's messages are released although it closed before they came",
        module="messaging.circuit_breaker",
        code='Circuit.objects.filter(Exists(_waiting(OuterRef("pk"))), opened_at=None)',
        without="Circuit.objects.filter(closed_at=Now(), opened_at=None)",
        test=f"{_MESSAGING}/circuit_breaker/test_release.py"
        "::test_a_message_that_is_deferred_while_the_circuit_closes_is_released",
    ),
    Protection(
        name="the database counts a backlog up to a bound",
        module="messaging.models.backlog",
        code="AND available_at <= %%s ORDER BY available_at LIMIT %%s)",
        without="AND available_at <= %%s ORDER BY available_at LIMIT %%s + 1000000)",
        test=f"{_MESSAGING}/relay/test_backlog.py::test_the_database_counts_no_further_than_the_bound",
    ),
    Protection(
        name="dead messages are counted up to a bound",
        module="messaging.models.message",
        code='values("queue")[:most].count()',
        without='values("queue").count()',
        test="tests/shop/health/test_health.py::test_metrics_count_up_to_a_bound",
    ),
    Protection(
        name="the list of messages is counted up to a bound",
        module="messaging.operations.admin.base",
        code="[: self.MOST + 1].count()",
        without=".count()",
        test=f"{_LISTS}::test_no_list_reads_a_whole_table",
    ),
    Protection(
        name="the list of orders is counted up to a bound",
        module="orders.readonly_admin",
        code="[: self.MOST + 1].count()",
        without=".count()",
        test=f"{_LISTS}::test_no_list_reads_a_whole_table",
    ),
    Protection(
        name="a message is searched by exact values",
        module="messaging.operations.admin.messages",
        code="queryset.filter(subject__in=(text, text.upper()))",
        without="queryset.filter(subject__icontains=text)",
        needs="postgresql",
        test=f"{_LISTS}::test_no_list_reads_a_whole_table",
    ),
    Protection(
        name="the filter of queues offers the declared ones",
        module="messaging.operations.admin.messages",
        code="        return topology().queues\n",
        without='        return Message.objects.order_by().values_list("queue", flat=True).distinct()\n',
        test=f"{_LISTS}::test_no_list_reads_a_whole_table",
    ),
)
