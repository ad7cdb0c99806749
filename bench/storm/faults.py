"""Faults of the storm. What dies is started again, as a supervisor does."""

import time
from collections.abc import Callable
from itertools import cycle
from threading import Event

from bench.storm.moments import AFTER_COMMIT, BEFORE_COMMIT, HOLD, KILL, arm, release
from tests.stack import Stack

#: A commit of a busy database, in seconds; and a broker that is being restarted.
SLOW_COMMIT, BROKER_AWAY = 0.5, 3.0
INTERVAL = 2.0


def kill_web(stack: Stack, moment: str) -> None:
    """Kill the web server when the next order reaches `moment`, and start it again."""
    struck = arm(stack.folder, moment, KILL)
    stack.wait_for(struck.exists, what=f"an order is at {moment}")
    assert stack.web is not None
    stack.web.kill()
    stack.web.start()


def slow_commit(stack: Stack, hold: Callable[[], object] = lambda: time.sleep(SLOW_COMMIT)) -> None:
    """The next order's commit takes as long as `hold` does."""
    struck = arm(stack.folder, BEFORE_COMMIT, HOLD)
    stack.wait_for(struck.exists, what="an order is about to be committed")
    try:
        hold()
    finally:
        release(struck)


def restart_broker(stack: Stack) -> None:
    """The broker dies, and is away for a while; its data is kept."""
    stack.broker.kill()
    time.sleep(BROKER_AWAY)
    stack.broker.start()


#: In the order in which they strike, again and again.
FAULTS: dict[str, Callable[[Stack], None]] = {
    "web server killed after a commit": lambda stack: kill_web(stack, AFTER_COMMIT),
    "slow commit": slow_commit,
    "web server killed before a commit": lambda stack: kill_web(stack, BEFORE_COMMIT),
    "broker killed": restart_broker,
}


def strike(stack: Stack, over: Event, struck: list[str]) -> None:
    """One fault after the other until the storm is over. `struck` gets the name of each."""
    for name, fault in cycle(FAULTS.items()):
        if over.wait(INTERVAL):
            return
        fault(stack)
        struck.append(name)
