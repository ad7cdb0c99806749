"""M/M/c queues: random arrivals, random service times, `servers` that share one queue.

Source: A. K. Erlang, 1917; the recursion is in https://en.wikipedia.org/wiki/Erlang_(unit)#Erlang_B_formula.
`load` is in erlangs: arrivals a second times the seconds that one takes.
"""

import math

#: Share of the time that servers may be busy. Above it, waits grow faster than the load.
MOST_BUSY = 0.7
_ROUNDING = 1e-9


def servers_for(*, load: float) -> int:
    """The fewest servers that are busy for at most `MOST_BUSY` of the time."""
    return max(1, math.ceil(load / MOST_BUSY - _ROUNDING))


def waiting_probability(*, servers: int, load: float) -> float:
    """Erlang C: the share of arrivals that find every server busy. 1 if the load is more than they can do."""
    if load >= servers:
        return 1.0
    blocked = 1.0  # Erlang B
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


def mean_wait(*, servers: int, load: float, service: float) -> float:
    """Mean seconds before a server is free, those who do not wait included. `service`: mean seconds of service."""
    if load >= servers:
        return math.inf
    return waiting_probability(servers=servers, load=load) * service / (servers - load)


def wait_within(*, share: float, servers: int, load: float, service: float) -> float:
    """Seconds within which that share of arrivals find a free server."""
    if load >= servers:
        return math.inf
    waiting = waiting_probability(servers=servers, load=load)
    if waiting <= 1 - share:
        return 0.0
    return math.log(waiting / (1 - share)) * service / (servers - load)
