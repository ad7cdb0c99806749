"""Protections against hosts that differ: in their clocks, and in the release of the code that they run."""

from typing import Final

from tests.simulation.protections.protection import Protection

HOSTS: Final = (
    Protection(
        name="a new message is due by the database's clock",
        module="messaging.transitions.ledger_sql",
        code="else clock.now()\n",
        without="else datetime.now().astimezone()\n",
        seed=6,
    ),
    Protection(
        name="a retry is due by the database's clock",
        module="messaging.transitions.delivery",
        code="message.available_at = clock.now() + timedelta(seconds=delay)\n    record_failure",
        without="message.available_at = datetime.now().astimezone() + timedelta(seconds=delay)\n    record_failure",
        seed=1,
    ),
    Protection(
        name="a claim takes what is due by the database's clock",
        module="messaging.relay.lanes",
        code="    now, moment = clock.in_sql()\n",
        without='    now, moment = "%s", [str(datetime.now(UTC).replace(tzinfo=None))]\n',
        seed=20,
    ),
    Protection(
        name="the payload of an older release is lifted",
        module="messaging.payloads",
        code="        for number in range(version, cls.version):\n",
        without="        for number in range(0):\n",
        seed=6,
    ),
    Protection(
        name="a payload of a newer release waits",
        module="messaging.worker.task",
        code="        except SchemaTooNew as error:\n",
        without="        except ZeroDivisionError as error:\n",
        seed=2,
    ),
    Protection(
        name="a task of a newer release waits",
        module="messaging.relay.dead_letters",
        code='    if kind in ("UndecodableMessage", "DeliveryLimit"):\n',
        without='    if kind in ("UndecodableMessage", "DeliveryLimit", "UnknownTask"):\n',
        seed=3,
    ),
)
