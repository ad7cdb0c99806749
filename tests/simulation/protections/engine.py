"""Protections of the outbox, of reliable tasks and of the state changes of messages."""

from typing import Final

from tests.simulation.protections.protection import Protection

_WORKER = "tests/messaging/worker"

ENGINE: Final = (
    Protection(
        name="done in the transaction of the effects",
        module="messaging.worker.task",
        code="""        with outbox.transaction():
            if not transitions.settle(message_id=id_, sends=self.sends, started_at=started_at):
""",
        without="""        settled = transitions.settle(message_id=id_, sends=self.sends, started_at=started_at)
        with outbox.transaction():
            if not settled:
""",
        seed=0,
    ),
    Protection(
        name="a duplicate rolls back its effects",
        module="messaging.worker.task",
        code="if not transitions.settle(message_id=id_, sends=self.sends, started_at=started_at):",
        without="if not (transitions.settle(message_id=id_, sends=self.sends, started_at=started_at) or True):",
        test=f"{_WORKER}/test_duplicates.py::test_of_two_concurrent_deliveries_the_second_has_no_effect",
    ),
    Protection(
        name="the number of the send, when a message is done",
        module="messaging.transitions.ledger_sql",
        code="WHERE id = %s AND sends = %s AND (",
        without="WHERE id = %s AND sends >= %s AND (",
        test=f"{_WORKER}/test_duplicates.py::test_an_older_publication_has_no_effect_once_a_newer_one_is_out",
    ),
    Protection(
        name="a revived message is not done by a copy from before",
        module="messaging.transitions.ledger_sql",
        code="state = 'pending' AND (attempts = 0 OR replayed_from < attempts)",
        without="state = 'pending'",
        test=f"{_WORKER}/test_duplicates.py::test_a_copy_from_before_a_revival_does_not_settle_the_message",
    ),
    Protection(
        name="the number of the send, when an attempt fails",
        module="messaging.transitions.locks",
        code="filter(pk=message_id, state=state, sends=sends)",
        without="filter(pk=message_id, state=state)",
        test=f"{_WORKER}/test_duplicates.py::test_a_failure_of_an_older_publication_changes_nothing",
    ),
    Protection(
        name="a lost worker spends an attempt before the task runs again",
        module="messaging.worker.task",
        code="if self.is_redelivered else None",
        without="if False else None",
        seed=0,
    ),
    Protection(
        name="a soft time limit is retried",
        module="messaging.worker.task",
        code="InterfaceError, SoftTimeLimitExceeded)",
        without="InterfaceError)",
        test=f"{_WORKER}/test_failures.py"
        "::test_a_soft_time_limit_is_retried_with_backoff_as_the_host_may_have_been_suspended",
    ),
    Protection(
        name="a hard time limit is retried",
        module="messaging.worker.task",
        code="if isinstance(exc, TimeLimitExceeded) and",
        without="if False and",
        test=f"{_WORKER}/test_failures.py"
        "::test_a_hard_time_limit_is_recorded_by_the_main_process_as_an_attempt_of_several",
    ),
    Protection(
        name="attempts have a bound",
        module="messaging.worker.task",
        code="self.request.retries >= allowed:",
        without="self.request.retries >= allowed + 1_000_000:",
        seed=1,
    ),
    Protection(
        name="a retry waits",
        module="messaging.transitions.delivery",
        code="message.available_at = clock.now() + timedelta(seconds=delay)\n    record_failure",
        without="message.available_at = clock.now()\n    record_failure",
        test=f"{_WORKER}/test_failures.py::test_a_retry_is_scheduled_in_the_ledger",
    ),
    Protection(
        name="a lost connection to the database spends no attempt",
        module="messaging.worker.outage",
        code="            return _is_by_state(cause) or connection.connection is None or not connection.is_usable()",
        without="            return False",
        test=f"{_WORKER}/test_outages.py::test_a_task_that_lost_the_database_spends_no_attempt",
    ),
    Protection(
        name="messages are written in the transaction of their cause",
        module="messaging.outbox",
        code="            _unit.reset(token)\n        ledger_sql.insert(unit.messages)",
        without="            _unit.reset(token)\n    ledger_sql.insert(unit.messages)",
        seed=48,
    ),
    Protection(
        name="a message of a rolled back savepoint is not written",
        module="messaging.outbox",
        code="elif unit is not None and not any(connection.savepoint_ids[unit.depth :]):",
        without="elif unit is not None:",
        test="tests/messaging/test_outbox.py::test_a_rolled_back_savepoint_removes_its_message",
    ),
    Protection(
        name="a message of a newer schema waits",
        module="messaging.payloads",
        code="        if version > cls.version:",
        without="        if version > cls.version + 1_000:",
        test=f"{_WORKER}/test_failures.py"
        "::test_a_message_of_a_newer_schema_waits_for_a_newer_worker_and_spends_no_attempt",
    ),
    Protection(
        name="what is published without the ledger is filed as a stray",
        module="messaging.transitions.delivery",
        code="        raise _not_in_ledger(message_id)\n    return False",
        without="        return True\n    return False",
        test=f"{_WORKER}/test_strays.py::test_a_message_without_a_row_is_filed_and_its_effects_roll_back",
    ),
    Protection(
        name="one live message of each periodic task",
        module="messaging.scheduler",
        code="if not claim() or Message.objects.live().filter(queue=queue, task=task).exists():",
        without="if not claim():",
        test="tests/messaging/test_scheduler.py::test_ticks_do_not_pile_up_without_workers",
    ),
    Protection(
        name="an open circuit spends no attempt",
        module="messaging.worker.task",
        code="        except CircuitOpen as error:\n            raise self._defer(error) from error\n",
        without="        except ZeroDivisionError:\n            raise\n",
        test="tests/payments/test_outage.py::test_orders_wait_while_the_gateway_is_down_and_are_paid_once_it_is_back",
    ),
    Protection(
        name="a worker that has lost the broker gives back what it holds",
        module="messaging.worker.consumer",
        code="            request.give_back()",
        without="            request.info()",
        test=f"{_WORKER}/test_lost_broker.py"
        "::test_what_a_worker_holds_is_due_again_without_an_attempt_and_its_old_delivery_is_ignored",
    ),
    Protection(
        name="what is settled is not given back",
        module="messaging.transitions.delivery",
        code="in_flight = Message.objects.filter(pk=message_id, sends=sends, state=State.SENT)",
        without="in_flight = Message.objects.filter(pk=message_id, sends=sends)",
        test=f"{_WORKER}/test_lost_broker.py::test_what_is_settled_or_acknowledged_is_left_alone",
    ),
    Protection(
        name="a time limit that a hung database used up spends no attempt",
        module="messaging.worker.outage",
        code="            return watch.hung(within=settings.CONVEYOR_TASK_TIME_LIMIT)",
        without="            return False",
        test=f"{_WORKER}/test_outages.py::test_a_time_limit_that_a_hung_database_used_up_spends_no_attempt",
        needs="postgresql",
    ),
    Protection(
        name="an acknowledgement that does not reach Valkey frees the worker's slot",
        module="messaging.broker.redis_transport",
        code="            self._remove_from_indices(delivery_tag).execute()\n        finally:",
        without="            self._remove_from_indices(delivery_tag).execute()\n        except ZeroDivisionError:",
        test="tests/messaging/test_redis_transport.py"
        "::test_a_worker_whose_answer_does_not_reach_the_server_takes_further_messages",
    ),
    Protection(
        name="what was sent again is not given back by its older delivery",
        module="messaging.transitions.delivery",
        code="in_flight = Message.objects.filter(pk=message_id, sends=sends, state=State.SENT)",
        without="in_flight = Message.objects.filter(pk=message_id, state=State.SENT)",
        test=f"{_WORKER}/test_lost_broker.py::test_what_was_sent_again_meanwhile_is_left_alone",
    ),
    Protection(
        name="a message whose pool process was killed is delivered again",
        module="messaging.broker.settings",
        code='"task_reject_on_worker_lost": True',
        without='"task_reject_on_worker_lost": False',
        test=f"{_WORKER}/test_revocation.py::test_a_message_whose_pool_process_was_killed_is_delivered_again",
    ),
    Protection(
        name="a worker whose pool is stuck ends",
        module="messaging.worker.pool_watch",
        code="            end_worker()\n",
        without="            pass\n",
        test=f"{_WORKER}/test_pool_watch.py::test_a_message_that_waits_while_no_task_starts_or_ends_ends_the_worker",
    ),
    Protection(
        name="workers stop taking messages while the database is away",
        module="messaging.worker.pause_watch",
        code="                self._paused = None\n",
        without="                pass\n",
        test=f"{_WORKER}/test_pause_watch.py::test_a_worker_consumes_nothing_while_the_database_is_away",
    ),
    Protection(
        name="what a control command stopped is consumed again",
        module="messaging.worker.pause_watch",
        code="sorted(self._queues - stopped - consumed)",
        without="sorted(set())",
        test=f"{_WORKER}/test_pause_watch.py::test_a_queue_that_is_not_paused_is_consumed_again_whoever_cancelled_it",
    ),
    Protection(
        name="a tick of a worker asks for the pauses once",
        module="messaging.worker.pause_watch",
        code="self._queues & (paused | consumer.refused.keys())\n",
        without="self._queues & ((self._reader.paused or paused) | consumer.refused.keys())\n",
        test=f"{_WORKER}/test_pause_watch.py::test_a_tick_asks_for_the_pauses_once",
    ),
    Protection(
        name="events of a worker are dropped while the broker blocks it",
        module="messaging.worker.events_guard",
        code="self._blocked, dispatcher.enabled = self._blocked or dispatcher.enabled, False",
        without="self._blocked = True",
        test=f"{_WORKER}/test_events_guard.py::test_events_are_dropped_from_the_alarm_to_its_end",
    ),
    Protection(
        name="a connection that the broker blocks is dropped without a goodbye",
        module="messaging.worker.events_guard",
        code="        if self._blocked and consumer.event_dispatcher:\n",
        without="        if False:\n",
        test=f"{_WORKER}/test_events_guard.py::test_a_blocked_connection_is_dropped_and_any_other_is_left_to_celery",
    ),
)
