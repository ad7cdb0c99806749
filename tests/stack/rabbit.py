"""RabbitMQ for tests: a private node that tests may stop, wipe and suspend, or a virtual host of the local server."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kombu import Connection

from tests.patience import PATIENCE
from tests.ports import answers, free_port
from tests.stack.leftovers import delete_vhosts
from tests.stack.program import Program
from tests.stack.services import require

_RABBITMQCTL = ("rabbitmqctl", "-q") if os.geteuid() == 0 else ("sudo", "-n", "rabbitmqctl", "-q")


class RabbitNode:
    """A node with its own ports, data, cookie and port mapper; it shares nothing with the local server.

    As one of `peers` it joins their cluster when it starts, and shares cookie and port mapper with the first. It
    listens on 127.0.0.1, and on `hosts`.
    """

    def __init__(self, folder: Path, *, peers: "Sequence[RabbitNode]" = (), hosts: Sequence[str] = ()) -> None:
        self.folder, self.port, self._peers, self._hosts = folder, free_port(), peers, hosts
        self.mapper_port: int = peers[0].mapper_port if peers else free_port()
        self.name = f"conveyor-{self.port}@localhost"
        server = require("RabbitMQ's server program")
        folder.mkdir(parents=True, exist_ok=True)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._env = env = self._environment()
        self._mapper = Program(
            "epmd",
            ["epmd", "-port", str(self.mapper_port), "-address", "127.0.0.1"],
            env=env,
            log=folder / "log" / "epmd.log",
            ready=lambda program: answers(self.mapper_port),
        )
        self.program = Program("broker", [server], env=env, log=folder / "log" / "broker.log", ready=self._is_ready)

    def _environment(self) -> dict[str, str]:
        (self.folder / "plugins").write_text("[].\n")
        members = (*self._peers, self) if self._peers else ()
        cluster = "".join(
            f"cluster_formation.classic_config.nodes.{number} = {node.name}\n"
            for number, node in enumerate(members, start=1)
        )
        addresses = enumerate(["127.0.0.1", *self._hosts])
        listeners = "".join(f"listeners.tcp.{number} = {host}:{self.port}\n" for number, host in addresses)
        users = "loopback_users = none\n" if self._hosts else ""
        (self.folder / "rabbitmq.conf").write_text(f"{listeners}{users}{cluster}")
        own = {
            "HOME": self._peers[0].folder if self._peers else self.folder,
            "ERL_EPMD_PORT": self.mapper_port,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": free_port(),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": self.folder / "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.folder / "plugins",
            "RABBITMQ_MNESIA_BASE": self.folder / "mnesia",
            "RABBITMQ_LOG_BASE": self.folder / "log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
            # Makes the start script exec the node, so that signals reach it.
            "RUNNING_UNDER_SYSTEMD": "1",
        }
        return dict(os.environ) | {name: str(value) for name, value in own.items()}

    def _is_ready(self, program: Program) -> bool:
        return answers(self.port) and _accepts_amqp(self.url)

    def start(self) -> None:
        if not self._peers and not self._mapper.running:
            self._mapper.start()
        self.program.start()

    def stop(self) -> None:
        self.program.stop()

    def kill(self) -> None:
        self.program.kill()

    def pause(self) -> None:
        self.program.pause()

    def resume(self) -> None:
        self.program.resume()

    def wipe(self) -> None:
        """Delete all data. A running node restarts empty."""
        was_running = self.program.running
        self.program.kill()
        shutil.rmtree(self.folder / "mnesia", ignore_errors=True)
        if was_running:
            self.start()

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints, run on this node."""
        tool = shutil.which("rabbitmqctl", path=f"{Path(self.program.command[0]).parent}:{os.environ.get('PATH', '')}")
        command = [str(tool), "-q", "-n", self.name, *arguments]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=PATIENCE, check=True)
        return done.stdout

    def remove(self) -> None:
        try:
            self.program.kill()
        finally:
            self._mapper.kill()


class RabbitVhost:
    """A virtual host of the local RabbitMQ: quick to create, but tests must not stop the server."""

    def __init__(self, *, name: str = "") -> None:
        base = urlsplit(require("RabbitMQ"))
        self.name = name or f"conveyor-test-{os.getpid()}-{secrets.token_hex(3)}"
        self.user = base.username or "guest"
        self.url = base._replace(path=f"/{self.name}").geturl()

    def start(self) -> None:
        delete_vhosts(_RABBITMQCTL)
        if not rabbitmqctl("add_vhost", self.name):
            pytest.skip("creating virtual hosts requires root or `sudo rabbitmqctl`")
        rabbitmqctl("set_permissions", "-p", self.name, self.user, ".*", ".*", ".*")

    def remove(self) -> None:
        rabbitmqctl("delete_vhost", self.name)


def rabbitmqctl(*arguments: str) -> bool:
    """Run `rabbitmqctl`, which requires root; return whether it succeeded."""
    done = subprocess.run([*_RABBITMQCTL, *arguments], capture_output=True, timeout=PATIENCE, check=False)
    return done.returncode == 0


def _accepts_amqp(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=10, transport_options={"read_timeout": 10}) as connection:
            connection.connect()
            return bool(connection.connected)
    except Exception:  # until AMQP is up, the node fails connections in many ways
        return False
