"""Enqueues a task, lets it fail, revives it and completes it. Prints its states."""

import sys

from tests.packaging.engine_alone import project

project.start()

from django.contrib.auth.models import Group  # noqa: E402

from messaging import invariants, outbox, transitions  # noqa: E402
from messaging.models import Message  # noqa: E402
from tests.messaging.deliver import deliver  # noqa: E402
from tests.packaging.engine_alone.welcome.tasks import SendWelcome, mail_server  # noqa: E402


def main() -> list[str]:
    with outbox.transaction():
        message = outbox.enqueue(SendWelcome(email="ada@example.com"), subject="ada")
    states = [message.state, deliver(message).state]
    mail_server["up"] = True
    transitions.revive(message, intervention=transitions.Intervention(actor="ann", action="retry"))
    message = Message.objects.get()
    states += [message.state, deliver(message).state]
    assert Group.objects.get().name == "ada@example.com"
    assert invariants.audit() == []
    return states


print(*main())  # noqa: T201
foreign = {name.partition(".")[0] for name in sys.modules} & {"config", "shop", "orders", "payments", "shipping"}
assert not foreign, foreign
assert "messaging.operations" not in sys.modules
