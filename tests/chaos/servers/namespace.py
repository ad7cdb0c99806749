"""Network namespace: another host, as far as the network is concerned, on links that a test may cut."""

import os
import secrets
import subprocess
from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest

from tests.ports import free_port

#: Addresses for benchmarks of networks, which no other network has.
_NETWORKS, _EACH = IPv4Address("198.18.0.0"), 4
#: A station that does not exist.
_NOBODY = "02:00:00:00:00:01"


class Link:
    """`near` is this machine's address, `far` the namespace's.

    While it is cut, either end sends to a station that does not exist. Packets are lost without an error: both
    interfaces stay up, and connections stay open.
    """

    def __init__(self) -> None:
        number = free_port()
        network = _NETWORKS + number % 2**14 * _EACH
        self.near, self.far = str(network + 1), str(network + 2)
        self._near, self._far = f"cv{number}a", f"cv{number}b"
        self._namespace = ""

    def create(self, namespace: str) -> None:
        self._namespace = namespace
        _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", namespace)
        for interface, address, there in (self._near, self.near, []), (self._far, self.far, ["-n", namespace]):
            _ip(*there, "address", "add", f"{address}/30", "dev", interface)
            _ip(*there, "link", "set", interface, "up")

    def cut(self) -> None:
        lost = ["lladdr", _NOBODY, "nud", "permanent"]
        _ip("neighbour", "replace", self.far, *lost, "dev", self._near)
        _ip("-n", self._namespace, "neighbour", "replace", self.near, *lost, "dev", self._far)

    def restore(self) -> None:
        _ip("neighbour", "delete", self.far, "dev", self._near)
        _ip("-n", self._namespace, "neighbour", "delete", self.near, "dev", self._far)


class Namespace:
    """Making one needs root."""

    def __init__(self, links: Sequence[Link]) -> None:
        self.name, self._links = f"conveyor-{os.getpid()}-{secrets.token_hex(3)}", links

    def create(self) -> None:
        """Skips where it is refused."""
        try:
            _ip("netns", "add", self.name)
            _ip("-n", self.name, "link", "set", "lo", "up")
            for link in self._links:
                link.create(self.name)
        except (OSError, subprocess.CalledProcessError) as error:
            self.remove()
            pytest.skip(f"a network namespace cannot be made: {getattr(error, 'stderr', None) or error}".strip())

    def inside(self, command: Sequence[str]) -> list[str]:
        """`command`, run in it."""
        return ["ip", "netns", "exec", self.name, *command]

    def remove(self) -> None:
        """Its links are removed with it, once its processes have ended."""
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True)
