"""The test process's own broker at `settings.BROKER_URL`, created for the run."""

from urllib.parse import urlsplit

import redis
from django.conf import settings
from kombu import Connection

from config.private_files import write_private
from messaging.topology import topology
from tests.stack.rabbit import RabbitVhost
from tests.stack.valkey import Valkey


class ConfiguredBroker:
    """A Valkey server on the configured port, or the configured virtual host of the local RabbitMQ."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_amqp = url.startswith("amqp")
        self._server = RabbitVhost(name=urlsplit(url).path[1:]) if self.is_amqp else self._valkey()

    def _valkey(self) -> Valkey:
        folder = settings.VAR_DIR / "broker"
        folder.mkdir(parents=True, exist_ok=True)
        write_private(folder / "valkey.url", self.url)
        server = Valkey(folder)
        assert server.url == self.url, "another program uses the port of the tests' broker"
        return server

    def start(self) -> None:
        self._server.start()

    def remove(self) -> None:
        self._server.remove()

    def clear(self) -> None:
        """Delete all queues and messages."""
        if not self.is_amqp:
            with redis.Redis.from_url(self.url) as client:
                client.flushall()
            return
        names = topology()
        queues = [queue.name for queue in (*names.kombu_queues(), *names.kombu_dead_letter_queues())]
        with Connection(self.url) as connection, connection.channel() as channel:
            for queue in queues:
                channel.queue_delete(queue)
            for exchange in (names.exchange, names.dead_letter_exchange):
                channel.exchange_delete(exchange)
