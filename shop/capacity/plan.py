"""The plan for a number of orders a second: processes, cores, waits, and when the ledger must be partitioned."""

import math
from dataclasses import dataclass
from typing import Final

from messaging.conf import settings
from messaging.topology import topology
from shop.capacity import erlang
from shop.capacity.service_times import ServiceTimes

QUEUES: Final = ("payments", "shipping", "notifications")
#: Requests at once of one web process: `--blocking-threads` in `config/processes.py`.
THREADS: Final = 4
#: Cores of one server: an assumption. More are another server, which for PostgreSQL means a shard (ADR 23).
CORES_OF_A_SERVER: Final = 64
DAY: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class Station:
    """Servers that share a queue. `cores` are those that they keep busy.

    Waits are in seconds, for a free server; a relay's, until a worker has the message.
    """

    name: str
    servers: int
    load: float
    cores: float
    mean_wait: float
    wait_of_95: float

    @property
    def busy(self) -> float:
        """Share of the time."""
        return self.load / self.servers


@dataclass(frozen=True, kw_only=True)
class Service:
    """A database or a broker: cores, of which 70 % are busy, on this many servers."""

    name: str
    cores: int
    servers: int


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """`bytes` with indexes, of the rows that are kept for `days`.

    It must be partitioned by day when retention would be busy for more than 70 % of the time with deleting (ADR 23).
    """

    rows_a_day: float
    days: int
    bytes: float
    needs_partitions: bool

    @property
    def rows(self) -> float:
        return self.rows_a_day * self.days


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`shipped_seconds`: mean time from the request until an order is shipped.

    `not_measured` are queues without service times, such as those of extensions: the plan leaves them out.
    """

    orders_per_second: float
    messages_per_second: float
    stations: tuple[Station, ...]
    services: tuple[Service, ...]
    ledger: Ledger
    shipped_seconds: float
    not_measured: tuple[str, ...]


def plan(*, orders_per_second: float, times: ServiceTimes) -> Plan:
    """The smallest stack in which nothing is busy for more than 70 % of the time."""
    messages = orders_per_second * times.messages_per_order
    workers = {queue: _workers(queue, orders_per_second, times) for queue in QUEUES}
    web, relays = _web(orders_per_second, times), _relays(messages, times)
    return Plan(
        orders_per_second=orders_per_second,
        messages_per_second=messages,
        stations=(web, relays, *workers.values()),
        services=(
            _service("PostgreSQL", orders_per_second * times.cpu["PostgreSQL"]),
            _service("RabbitMQ", messages * times.cpu["RabbitMQ"]),
        ),
        ledger=_ledger(messages, times),
        shipped_seconds=web.mean_wait + times.request_seconds + _until_shipped(relays, workers, times),
        not_measured=tuple(queue for queue in topology().queues if queue not in QUEUES),
    )


def station(*, name: str, rate: float, service: float, cpu: float, variation: float = 1.0, servers: int = 0) -> Station:
    """`rate` arrivals a second, each with `service` seconds, `cpu` of them on a core. 0 servers: as few as carry it.

    `variation` as in `Task`. Erlang's waits are those of 1; others are by the approximation of Allen and Cunneen.
    """
    load, factor = rate * service, (1 + variation) / 2
    servers = servers or erlang.servers_for(load=load)
    return Station(
        name=name,
        servers=servers,
        load=load,
        cores=rate * cpu,
        mean_wait=factor * erlang.mean_wait(servers=servers, load=load, service=service),
        wait_of_95=factor * erlang.wait_within(share=0.95, servers=servers, load=load, service=service),
    )


def _web(orders: float, times: ServiceTimes) -> Station:
    """A process uses one core, and its threads wait for the database."""
    threads = -(-erlang.servers_for(load=orders * times.request_seconds) // THREADS)
    processes = max(threads, erlang.servers_for(load=orders * times.cpu["web"]))
    return station(name="web processes", rate=orders, service=times.cpu["web"], cpu=times.cpu["web"], servers=processes)


def _workers(queue: str, orders: float, times: ServiceTimes) -> Station:
    work = times.of_queue(queue)
    return station(
        name=f"{queue} slots",
        rate=orders * work.per_order,
        service=work.seconds,
        cpu=times.cpu[queue],
        variation=work.variation,
    )


def _relays(messages: float, times: ServiceTimes) -> Station:
    """A relay takes all that is due at once, so a message waits for the batch before its own, not in a queue.

    At worst it came just after that batch began, and waits for two.
    """
    load = messages * times.batched_seconds
    servers = erlang.servers_for(load=load)
    wait = times.transport_seconds / (1 - load / servers)
    cores = min(messages * times.relay_cpu(messages), float(servers))
    return Station(name="relays", servers=servers, load=load, cores=cores, mean_wait=wait, wait_of_95=2 * wait)


def _service(name: str, busy_cores: float) -> Service:
    cores = max(1, math.ceil(busy_cores / erlang.MOST_BUSY))
    return Service(name=name, cores=cores, servers=-(-cores // CORES_OF_A_SERVER))


def _ledger(messages: float, times: ServiceTimes) -> Ledger:
    days = settings.CONVEYOR_KEEP_DAYS
    return Ledger(
        rows_a_day=messages * DAY,
        days=days,
        bytes=messages * DAY * days * times.message_bytes,
        needs_partitions=messages > erlang.MOST_BUSY * times.purged_per_second,
    )


def _until_shipped(relays: Station, workers: dict[str, Station], times: ServiceTimes) -> float:
    steps = {"payments": "payments.charge_payment", "shipping": "shipping.create_shipment"}
    return sum(relays.mean_wait + workers[queue].mean_wait + times.tasks[task].seconds for queue, task in steps.items())
