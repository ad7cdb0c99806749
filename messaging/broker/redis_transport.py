"""Redis and Valkey transport with RabbitMQ's semantics: dead letters, and 9 as the highest priority.

kombu's own transport drops rejected messages, loses messages whose exchange was not declared, stops the worker at bytes
that are not a message, and delivers priority 0 first. This one fixes all four.
"""

import base64
import logging
import time
import uuid
from collections.abc import Collection
from itertools import compress
from typing import Any, Final

from kombu.transport import redis, virtual
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import dumps, loads
from redis import DriverInfo

from messaging.broker.tolerance import MAX_ENVELOPE, parse_json
from messaging.topology import MAX_PRIORITY, UnroutableKey, topology

log = logging.getLogger(__name__)
Envelope = dict[str, Any]
#: Seconds that kombu gets, beyond the visibility timeout, to requeue what a lost worker held: three of its sweeps.
RESTORED_WITHIN = 15.0
#: Bytes that are kept of an item that is not an envelope.
MAX_KEPT = 256_000
_DRIVER: Final = DriverInfo()  # redis-py would read its package's metadata anew for each connection


class QoS(redis.QoS):
    """A settled message frees the worker's slot even if the server does not answer; what it still holds is requeued.

    kombu keeps the slot: each answer that is lost takes one for good, and with the last one the worker is deaf.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            self._remove_from_indices(delivery_tag).execute()
        finally:
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            if requeue:
                self.restore_by_tag(delivery_tag, leftmost=True)
            else:
                self._bury(delivery_tag)
        finally:
            virtual.QoS.ack(self, delivery_tag)

    def _bury(self, delivery_tag: str) -> None:
        """Move a rejected message to its dead-letter queue and out of the unacked messages, in one transaction."""

        def move(pipe: Any) -> None:
            held = pipe.hget(self.unacked_key, delivery_tag)
            pipe.multi()
            self._remove_from_indices(delivery_tag, pipe)
            if held:
                envelope, exchange, routing_key = loads(bytes_to_str(held))
                self.channel.dead_letter(envelope, exchange, routing_key, pipe)

        with self.channel.conn_or_acquire() as client:
            client.transaction(move, self.unacked_key)


class Channel(redis.Channel):
    QoS = QoS

    def _lookup(self, exchange: str, routing_key: str, default: str | None = None) -> list[str]:
        """Bindings of the topology come from the settings, so that they survive a wiped server."""
        if exchange == topology().exchange:
            try:
                return [topology().queue_for(routing_key)]
            except UnroutableKey:
                return []
        return list(super()._lookup(exchange, routing_key, default))

    def _get_message_priority(self, message: Envelope, reverse: bool = False) -> int:
        return MAX_PRIORITY - int(super()._get_message_priority(message, reverse=reverse))

    def dead_letter(self, envelope: Envelope, exchange: str, routing_key: str, pipe: Any) -> None:
        """Append `envelope` to the dead-letter queue of each queue it was in, with RabbitMQ's `x-death` header."""
        for queue in self._lookup(exchange, routing_key):
            if queue in topology().queues:
                death = {"queue": queue, "reason": "rejected", "routing-keys": [routing_key]}
                headers = {**(envelope.get("headers") or {}), "x-death": [death]}
                dead = topology().dead(queue)
                properties = {
                    **envelope["properties"],
                    "priority": MAX_PRIORITY,
                    "delivery_tag": str(uuid.uuid4()),
                    "delivery_info": {"exchange": "", "routing_key": dead},
                }
                pipe.lpush(dead, dumps({**envelope, "headers": headers, "properties": properties}))

    def ids_of(self, queue: str, *, limit: int) -> frozenset[uuid.UUID] | None:
        """Ids of the messages in `queue`, in its dead-letter queue and with workers, read in one transaction.

        None: a list holds more than `limit` messages.
        """
        keys = [key for name in (queue, topology().dead(queue)) for key in self._keys(name)]
        with self.conn_or_acquire() as client, client.pipeline() as pipe:
            for key in keys:
                pipe.lrange(key, 0, limit)
            *lists, held = pipe.hvals(self._key(self.unacked_key)).execute()
        if any(len(items) > limit for items in lists):
            return None
        return frozenset(filter(None, (_id_of(item) for items in (*lists, held) for item in items)))

    def withdraw(self, queue: str, ids: Collection[uuid.UUID], *, limit: int = 10_000) -> set[uuid.UUID]:
        """Remove the messages `ids` from `queue`. Returns which of them were still there."""
        removed: set[uuid.UUID] = set()
        with self.conn_or_acquire() as client:
            for key in self._keys(queue):
                for item in client.lrange(key, 0, limit):
                    id_ = _id_of(item)
                    if id_ is not None and id_ in ids and client.lrem(key, 1, item):
                        removed.add(id_)
        return removed

    def restore_overdue(self, *, limit: int) -> int:
        """Requeue, marked as redelivered, what workers have held for longer than kombu takes to notice."""
        until = time.time() - self.visibility_timeout - RESTORED_WITHIN
        with self.conn_or_acquire() as client:
            tags = client.zrange(self.unacked_index_key, 0, until, byscore=True, offset=0, num=limit)
            for tag in tags:
                try:
                    self.qos.restore_by_tag(bytes_to_str(tag), client)
                except self.connection_errors:
                    raise
                except Exception:  # one message must not keep the others
                    log.warning("a message that a worker held cannot be restored", exc_info=True)
        return len(tags)

    def _keys(self, queue: str) -> list[str]:
        """The lists of `queue`, one a priority."""
        return [self._key(self._q_for_pri(queue, step)) for step in self.priority_steps]

    def _key(self, name: str) -> str:
        """kombu adds its optional prefix to the keys of those commands only that it uses itself."""
        return f"{self.global_keyprefix}{name}"

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        """After a lost connection raise an error that the worker survives; kombu's AttributeError would stop it."""
        if getattr(self.connection, "client", None) is None:
            raise ConnectionResetError("the connection to the broker was closed while the task ran")
        return {**super()._connparams(asynchronous=asynchronous), "driver_info": _DRIVER}

    def _brpop_read(self, **options: Any) -> bool:
        """As in kombu, but delivers bytes that are not a message instead of stopping the worker."""
        try:
            try:
                popped = self.client.parse_response(self.client.connection, "BRPOP", **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            if not popped:
                raise redis.Empty
            key, item = popped
            queue = bytes_to_str(key).rsplit(self.sep, 1)[0]
            self._queue_cycle.rotate(queue)
            self.connection._deliver(open_envelope(item, queue), queue)
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _deliver_fanout_message(self, message: Any, exchange: str) -> bool:
        """Broadcasts to workers: one that is broken is dropped, as it would be at RabbitMQ without a queue."""
        try:
            return bool(super()._deliver_fanout_message(message, exchange))
        except Exception as error:
            if isinstance(error, self.connection_errors) and not isinstance(error, KeyError):
                raise
            log.warning("broadcast on %s ignored: %r", exchange, error)
            return True

    def _get(self, queue: str) -> Envelope:
        """Nearly always all lists are empty: they are looked at together. A replica refuses the first command."""
        keys = [self._q_for_pri(queue, step) for step in self.priority_steps]
        with self.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
            pipe.rpop(keys[0])
            for key in keys[1:]:
                pipe.llen(key)
            item, *lengths = pipe.execute()
            for key in compress(keys[1:], lengths):
                item = item or client.rpop(key)
        if not item:
            raise redis.Empty
        return open_envelope(item, queue)


class Transport(redis.Transport):
    Channel = Channel


def open_envelope(item: bytes, queue: str) -> Envelope:
    """kombu's envelope in `item`, each part of the right kind; bytes that are not one are wrapped in one."""
    try:
        return _normal(parse_json(item, most=MAX_ENVELOPE), queue)
    except Exception:  # whatever these bytes are
        kept = base64.b64encode(item[:MAX_KEPT]).decode("ascii")
        return {
            "body": kept,
            "content-type": "application/octet-stream",
            "content-encoding": "binary",
            "headers": {} if len(item) <= MAX_KEPT else {"conveyor-size": len(item)},
            "properties": {"body_encoding": "base64", **_delivery("", queue)},
        }


def _normal(envelope: Any, queue: str) -> Envelope:
    """Raises one of many errors if `envelope` is none."""
    body, headers, properties = envelope["body"], envelope.get("headers") or {}, envelope["properties"]
    encoding, exchange, key = properties.get("body_encoding"), *_route(properties["delivery_info"], queue)
    if encoding not in ("base64", None) or not isinstance(body, str) or headers.get("compression"):
        raise ValueError("the body cannot be read")
    if encoding:
        base64.b64decode(body, validate=True)
    delivery = _delivery(exchange, key)
    delivery["delivery_info"]["redelivered"] = properties["delivery_info"].get("redelivered") is True
    kept = {name: value for name, value in properties.items() if isinstance(value, str)}
    priority = {"priority": _priority(properties["priority"])} if properties.get("priority") is not None else {}
    return {
        "body": body,
        "content-type": envelope.get("content-type"),
        "content-encoding": envelope.get("content-encoding"),
        "headers": dict(headers),
        "properties": {**kept, **priority, **delivery},
    }


def _id_of(item: bytes) -> uuid.UUID | None:
    """Id of the Celery message in a queue's list, or in an unacked entry. None: it is not a message of the ledger."""
    try:
        found = loads(bytes_to_str(item))
        return uuid.UUID((found[0] if isinstance(found, list) else found)["headers"]["id"])
    except Exception:  # whatever these bytes are
        return None


def _route(delivery_info: Envelope, queue: str) -> tuple[str, str]:
    """Exchange and key that lead back to `queue`: the message's own where they do, else the default exchange's."""
    exchange, key = delivery_info["exchange"], delivery_info["routing_key"]
    if not isinstance(exchange, str) or not isinstance(key, str):
        raise TypeError("the route is not text")
    names = topology()
    if queue.removesuffix(names.dead("")) not in names.queues:
        return exchange, key
    if exchange == names.exchange and key.isprintable() and names.binds(key, queue):
        return exchange, key
    return "", queue


def _delivery(exchange: str, routing_key: str) -> dict[str, Any]:
    """With a new tag: two messages of one tag would overwrite each other while they are not acknowledged."""
    return {"delivery_tag": str(uuid.uuid4()), "delivery_info": {"exchange": exchange, "routing_key": routing_key}}


def _priority(value: Any) -> int:
    return min(max(int(value), 0), MAX_PRIORITY)
