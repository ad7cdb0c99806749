"""Protections of the relay: claims, publication, flow control, recovery, dead letters and chores."""

from typing import Final

from tests.simulation.protections.protection import Protection

_WORKER, _RELAY = "tests/messaging/worker", "tests/messaging/relay"

RELAY: Final = (
    Protection(
        name="mandatory publication",
        module="messaging.relay.publish",
        code="mandatory=True",
        without="mandatory=False",
        needs="rabbitmq",
        test=f"{_RELAY}/test_unpublishable.py::test_a_queue_that_was_deleted_at_the_broker_is_declared_again",
    ),
    Protection(
        name="what is not confirmed becomes due again",
        module="messaging.relay.loop",
        code="unsent = [message for message in batch if message.pk not in settled]",
        without="unsent: list[claim.Claimed] = []",
        test=f"{_RELAY}/test_loop.py::test_a_connection_error_while_publishing_unclaims_the_batch",
    ),
    Protection(
        name="what was settled meanwhile does not become due again",
        module="messaging.relay.claim",
        code="filter(pk__in=list(ids), state=State.SENT)",
        without="filter(pk__in=list(ids))",
        test=f"{_RELAY}/test_loop.py::test_settled_rows_are_not_unclaimed",
    ),
    Protection(
        name="a claimed row is claimed by nobody else",
        module="messaging.relay.claim",
        code="SET state = 'sent', sent_at",
        without="SET state = 'pending', sent_at",
        test=f"{_WORKER}/test_duplicates.py::test_a_claimed_message_is_claimed_once",
    ),
    Protection(
        name="a claim skips rows that are locked",
        module="messaging.relay.claim",
        code="FOR UPDATE SKIP LOCKED",
        without="FOR UPDATE",
        needs="postgresql",
        test=f"{_RELAY}/test_flow.py::test_a_row_that_another_transaction_has_locked_holds_up_no_claim",
    ),
    Protection(
        name="claims take turns",
        module="messaging.relay.claim",
        code="        _take_turns()\n",
        without="",
        database="postgresql",
        seed=5,
    ),
    Protection(
        name="the bound of messages in flight",
        module="messaging.relay.lanes",
        code="int(settings.CONVEYOR_IN_FLIGHT * (1 - reserved))",
        without="int(100 * settings.CONVEYOR_IN_FLIGHT)",
        seed=1,
    ),
    Protection(
        name="each priority leaves room for those above",
        module="messaging.relay.lanes",
        code="sum(other > priority for other in PRIORITIES) / 10",
        without="0",
        test=f"{_RELAY}/test_flow.py::test_each_priority_leaves_room_for_the_ones_above",
    ),
    Protection(
        name="nothing of a paused queue is claimed",
        module="messaging.relay.lanes",
        code="WHERE p.queue = lane.queue AND",
        without="WHERE p.queue = 'none' AND",
        seed=0,
    ),
    Protection(
        name="unconfirmed copies take room",
        module="messaging.relay.lanes",
        code="Room(counts[queue] + surplus.get(queue, 0))",
        without="Room(counts[queue])",
        test=f"{_RELAY}/test_flow.py::test_copies_whose_confirm_was_lost_take_room_until_they_are_consumed",
    ),
    Protection(
        name="lost messages are sent again",
        module="messaging.relay.recovery",
        code="        lost = self._send_again()\n",
        without="        lost: dict[str, int] = {}\n",
        seed=54,
    ),
    Protection(
        name="what a worker holds is not lost",
        module="messaging.relay.recovery",
        code="if pk not in finding.held][:room]",
        without="][:room]",
        test=f"{_RELAY}/recovery/test_held_messages.py::test_a_message_of_a_consumer_that_hangs_is_not_sent_again",
    ),
    Protection(
        name="what waits in its queue is not lost",
        module="messaging.relay.recovery",
        code="        if held.ready == 0:\n",
        without="        if held.ready >= 0:\n",
        test=f"{_RELAY}/recovery/test_working_consumers.py::test_a_healthy_backlog_of_slow_tasks_is_sent_once",
        needs="rabbitmq",
    ),
    Protection(
        name="dead letters are filed",
        module="messaging.relay.chores",
        code="lambda: file_dead_letters(self._link(), self._app)",
        without="lambda: 0",
        seed=28,
    ),
    Protection(
        name="a dead letter stays at the broker while the database is away",
        module="messaging.relay.dead_letters",
        code="            if _is_outage(error):\n                raise\n",
        without="            if _is_outage(error):\n                return True\n",
        test=f"{_RELAY}/test_dead_letters.py::test_an_outage_of_the_database_leaves_the_letter_at_the_broker",
    ),
    Protection(
        name="a dead letter of an earlier send changes nothing",
        module="messaging.relay.dead_letters",
        code="row.state == State.SENT and row.sends == dead_letter.sends:",
        without="row.state == State.SENT:",
        test=f"{_RELAY}/test_dead_letters.py::test_a_dead_letter_of_an_earlier_publication_changes_nothing",
    ),
    Protection(
        name="one chore that fails stops no other",
        module="messaging.relay.chores",
        code="            connection.close_if_unusable_or_obsolete()\n            return None",
        without="            raise",
        test=f"{_RELAY}/test_chores.py::test_whatever_one_chore_raises_the_others_are_done",
    ),
    Protection(
        name="one relay does the chores",
        module="messaging.relay.chores",
        code="leads = bool(cursor.fetchone()[2])",
        without="leads = True",
        needs="postgresql",
        test=f"{_RELAY}/test_chores.py::test_one_relay_does_the_chores_and_another_takes_over_when_its_connection_ends",
    ),
)
