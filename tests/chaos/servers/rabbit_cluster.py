"""RabbitMQ cluster of three nodes on this machine."""

from pathlib import Path

from tests.patience import wait_for
from tests.stack.rabbit import RabbitNode


class RabbitCluster:
    """`url` is the first node's; clients reach whichever runs through a proxy."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [RabbitNode(folder / "rabbit-1")]
        for number in (2, 3):
            self.nodes.append(RabbitNode(folder / f"rabbit-{number}", peers=self.nodes[:]))
        self.url = self.nodes[0].url

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        wait_for(self._is_complete, what="three nodes are one cluster")

    def remove(self) -> None:
        for node in reversed(self.nodes):
            node.remove()

    def _is_complete(self) -> bool:
        status = self.nodes[0].control("cluster_status")
        running = status.partition("Running Nodes")[2].partition("Versions")[0]
        return all(node.name in running for node in self.nodes)
