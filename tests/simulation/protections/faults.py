"""Faults of an engine at volume and under hostile input, each with the protections without which it is back.

Every protection here is in `PROTECTIONS`, so that `make mutate` brings each fault back and sees that it is found.
"""

from typing import Final

FAULTS: Final = {
    "one message on the broker stops everything": (
        "whatever JSON raises, the bytes are kept",
        "a message on which Celery fails is rejected",
        "one chore that fails stops no other",
    ),
    "a healthy backlog is sent again": ("what a worker holds is not lost", "what waits in its queue is not lost"),
    "a long wait counts as a loss": ("what waits in its queue is not lost", "nothing of a paused queue is claimed"),
    "work that is finished is refused and done again": ("a message that was made due again meanwhile is settled",),
    "a stale copy ends a message that another works on": (
        "the number of the send, when an attempt fails",
        "the number of the send, when a message is done",
        "a dead letter of an earlier send changes nothing",
        "what was sent again is not given back by its older delivery",
    ),
    "a payload or a task of newer code spends attempts": (
        "a message of a newer schema waits",
        "a payload of a newer release waits",
        "a task of a newer release waits",
    ),
    "an outage of the database spends attempts": (
        "a lost connection to the database spends no attempt",
        "workers stop taking messages while the database is away",
        "a time limit that a hung database used up spends no attempt",
        "a dead letter stays at the broker while the database is away",
    ),
    "the purge goes by creation and does not keep up": (
        "messages are purged by their end",
        "a bulk retry counts messages that were purged",
        "a purge whose time is up continues in the next message",
    ),
    "a circuit with a long queue does not close": (
        "a closed circuit releases in batches",
        "a circuit's messages are released although it closed before they came",
    ),
    "a claim sorts all that is due": ("a claim follows the index of its lane",),
    "one statement makes all lost messages due": (
        "lost messages are sent again in batches",
        "of lost messages the urgent and new ones go first",
    ),
    "dead letters hold up sending": ("sending does not wait for chores",),
    "rows of a removed queue hold up others": ("rows of a removed queue are dead after a bound",),
    "low priority starves": ("a share of each claim is for messages that others have overtaken",),
    "the clocks of hosts decide": (
        "a new message is due by the database's clock",
        "a retry is due by the database's clock",
        "a claim takes what is due by the database's clock",
        "a deferred message is due by the database's clock",
        "a pause ends by the database's clock",
        "messages are purged by the database's clock",
    ),
    "reconciliation and audit do all in one task": (
        "a reconciliation looks at payments in slices",
        "a reconciliation continues where its last slice ended",
        "a slice ends when its time is up",
        "the audit looks at changes in slices",
        "a time limit is not swallowed by the audit",
        "our own time limit is not an outage",
    ),
    "a paused queue is reported as a stopped relay": (
        "a paused queue is not reported as a stopped relay",
        "the audit does not take the messages of a paused queue for late",
        "a paused queue has no oldest due message in the metrics",
    ),
    "a mail server that hangs loses alerts": ("an alert is sent again until it was sent",),
    "two beats tick twice": ("two beats enqueue one tick", "one live message of each periodic task"),
    "pages of operators read a whole table": (
        "the database counts a backlog up to a bound",
        "dead messages are counted up to a bound",
        "the list of messages is counted up to a bound",
        "the list of orders is counted up to a bound",
        "a message is searched by exact values",
        "the filter of queues offers the declared ones",
    ),
    "a revoked message is acknowledged and forgotten": ("a revoked message is filed as dead",),
    "a memory alarm of the broker stops workers": (
        "events of a worker are dropped while the broker blocks it",
        "a connection that the broker blocks is dropped without a goodbye",
    ),
    "a message that cannot be published holds up its batch": (
        "a message that cannot be published is found alone",
        "what is not confirmed becomes due again",
    ),
    "a session that has become read-only is kept": (
        "a read-only session is dropped",
        "health asks for a session that may write",
        "what fails in a read-only session spends no attempt",
    ),
    "masking a long text takes minutes": (
        "each character of a text is read once while it is masked",
        "what is masked has a bound",
    ),
    "an empty schedule file keeps beat from starting": ("beat needs no file", "a silent beat is a violation"),
    "any certificate of the broker will do": (
        "the broker's certificate is checked unless the URL says otherwise",
        "the options of TLS are taken out of the broker's URL",
    ),
    "a pooler in transaction mode loses results": ("a pooler in transaction mode is refused",),
    "a broker that becomes a replica ends workers": (
        "a broker that has become a replica is named",
        "a worker waits for a broker that refuses what it does",
        "a worker that a replica interrupts does not end",
    ),
    "a queue with other arguments counts as an unreachable broker": (
        "a queue with other arguments is named with what differs",
    ),
    "the embedded broker does not survive the loss of its files": (
        "the embedded broker's files are watched",
        "the embedded broker's address is kept",
    ),
    "a pool process dies, or the pauses change, within a tick": (
        "a message whose pool process was killed is delivered again",
        "a worker whose pool is stuck ends",
        "a tick of a worker asks for the pauses once",
    ),
}
