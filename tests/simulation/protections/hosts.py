"""Protections against hosts that differ: in their clocks, and in the release of the code that they run."""

from typing import Final

from tests.simulation.protections.protection import Protection

_DUE_TIMES = "tests/messaging/worker/test_due_times.py"

HOSTS: Final = (
    Protection(
        name="a new message is due by the database's clock",
        module="messaging.transitions.ledger_sql",
        code="else clock.now()\n",
        without="else datetime.now().astimezone()\n",
        seed=17,
    ),
    Protection(
        name="a retry is due by the database's clock",
        module="messaging.transitions.delivery",
        code="message.available_at = clock.now() + timedelta(seconds=delay)\n    record_failure",
        without="message.available_at = datetime.now().astimezone() + timedelta(seconds=delay)\n    record_failure",
        seed=17,
    ),
    Protection(
        name="a claim takes what is due by the database's clock",
        module="messaging.relay.lanes",
        code="    now, moment = clock.in_sql()\n",
        without='    now, moment = "%s", [str(datetime.now(UTC).replace(tzinfo=None))]\n',
        seed=0,
    ),
    Protection(
        name="the payload of an older release is lifted",
        module="messaging.payloads",
        code="        for number in range(version, cls.version):\n",
        without="        for number in range(0):\n",
        seed=8,
    ),
    Protection(
        name="a payload of a newer release waits",
        module="messaging.worker.task",
        code="        except SchemaTooNew as error:\n",
        without="        except ZeroDivisionError as error:\n",
        seed=13,
    ),
    Protection(
        name="a task of a newer release waits",
        module="messaging.relay.dead_letters",
        code='    if kind == "DeliveryLimit":  #',
        without='    if kind in ("DeliveryLimit", "UnknownTask"):  #',
        test="tests/messaging/relay/test_dead_letters.py"
        "::test_a_task_that_workers_do_not_know_yet_waits_without_spending_attempts",
    ),
    Protection(
        name="a deferred message is due by the database's clock",
        module="messaging.transitions.delivery",
        code="waits_for=circuit, now=clock.now(), delay=delay",
        without="waits_for=circuit, now=datetime.now().astimezone(), delay=delay",
        test=f"{_DUE_TIMES}::test_a_message_that_is_put_off_is_due_by_the_clock_of_the_database",
        needs="postgresql",
    ),
    Protection(
        name="a message that waits for another worker is due by the database's clock",
        module="messaging.transitions.delivery",
        code="    now = clock.now()\n    since",
        without="    now = datetime.now().astimezone()\n    since",
        test=f"{_DUE_TIMES}::test_a_message_that_is_put_off_is_due_by_the_clock_of_the_database",
        needs="postgresql",
    ),
    Protection(
        name="a message that is given back is due by the database's clock",
        module="messaging.transitions.delivery",
        code="state=State.PENDING, available_at=clock.now()",
        without="state=State.PENDING, available_at=datetime.now().astimezone()",
        test=f"{_DUE_TIMES}::test_a_message_that_is_put_off_is_due_by_the_clock_of_the_database",
        needs="postgresql",
    ),
    Protection(
        name="a pause ends by the database's clock",
        module="messaging.pauses",
        code="Q(resumed_at__gt=clock.moment())",
        without="Q(resumed_at__gt=datetime.now().astimezone())",
        test="tests/messaging/test_pauses.py::test_a_pause_ends_by_the_clock_of_the_database",
        needs="postgresql",
    ),
    Protection(
        name="messages are purged by the database's clock",
        module="messaging.retention",
        code="clock.now() - keep",
        without='__import__("datetime").datetime.now().astimezone() - keep',
        test="tests/messaging/test_scheduler.py::test_the_clock_of_the_host_purges_nothing_early_or_late",
        needs="postgresql",
    ),
    Protection(
        name="what is due in the schedule is due by the database's clock",
        module="messaging.scheduler",
        code="    entry.schedule.nowfun = lambda: now\n",
        without="",
        test="tests/messaging/test_beat.py::test_the_clock_of_the_host_does_not_matter",
    ),
)
