"""How does a test get a RabbitMQ of its own? A whole node that it may stop, wipe and freeze, or a virtual host."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kombu import Connection

from tests.stack.leftovers import delete_vhosts
from tests.stack.ports import answers, free_port
from tests.stack.program import Program
from tests.stack.services import require

_RABBITMQCTL = ("rabbitmqctl", "-q") if os.geteuid() == 0 else ("sudo", "-n", "rabbitmqctl", "-q")


class RabbitNode:
    """A node that shares nothing with the machine's own: ports, data, cookie and port mapper are its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, mapper_port = folder, free_port(), free_port()
        server = require("RabbitMQ's server program")
        folder.mkdir(parents=True, exist_ok=True)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        env = self._environment(mapper_port)
        self._mapper = Program(
            "epmd",
            ["epmd", "-port", str(mapper_port), "-address", "127.0.0.1"],
            env=env,
            log=folder / "log" / "epmd.log",
            ready=lambda program: answers(mapper_port),
        )
        self.program = Program("broker", [server], env=env, log=folder / "log" / "broker.log", ready=self._answers)

    def _environment(self, mapper_port: int) -> dict[str, str]:
        (self.folder / "plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{self.port}\n")
        own = {
            "HOME": self.folder,
            "ERL_EPMD_PORT": mapper_port,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"conveyor-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": free_port(),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": self.folder / "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.folder / "plugins",
            "RABBITMQ_MNESIA_BASE": self.folder / "mnesia",
            "RABBITMQ_LOG_BASE": self.folder / "log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
            # Makes the start script step aside, so that signals reach the node itself.
            "RUNNING_UNDER_SYSTEMD": "1",
        }
        return dict(os.environ) | {name: str(value) for name, value in own.items()}

    def _answers(self, program: Program) -> bool:
        return answers(self.port) and _amqp_answers(self.url)

    def start(self) -> None:
        if not self._mapper.running:
            self._mapper.start()
        self.program.start()

    def stop(self) -> None:
        self.program.stop(timeout=60)

    def kill(self) -> None:
        self.program.kill()

    def pause(self) -> None:
        self.program.pause()

    def resume(self) -> None:
        self.program.resume()

    def wipe(self) -> None:
        """Lose the disk: the node comes back empty if it was running."""
        was_running = self.program.running
        self.program.kill()
        shutil.rmtree(self.folder / "mnesia", ignore_errors=True)
        if was_running:
            self.start()

    def remove(self) -> None:
        self.program.kill()
        self._mapper.kill()


class RabbitVhost:
    """A virtual host on the machine's RabbitMQ: quick to make, but the server itself is not ours to stop."""

    def __init__(self, *, name: str = "") -> None:
        base = urlsplit(require("RabbitMQ"))
        self.name = name or f"conveyor-test-{os.getpid()}-{secrets.token_hex(3)}"
        self.user = base.username or "guest"
        self.url = base._replace(path=f"/{self.name}").geturl()

    def start(self) -> None:
        delete_vhosts(_RABBITMQCTL)
        if not rabbitmqctl("add_vhost", self.name):
            pytest.skip("virtual hosts can only be made by root or with `sudo rabbitmqctl`")
        rabbitmqctl("set_permissions", "-p", self.name, self.user, ".*", ".*", ".*")

    def remove(self) -> None:
        rabbitmqctl("delete_vhost", self.name)


def rabbitmqctl(*arguments: str) -> bool:
    """Whether the machine's RabbitMQ took the order; it listens to root only."""
    done = subprocess.run([*_RABBITMQCTL, *arguments], capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def _amqp_answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=2, transport_options={"read_timeout": 2}) as connection:
            connection.connect()
            return bool(connection.connected)
    except Exception:  # the node answers TCP before it answers AMQP, with many kinds of errors
        return False
