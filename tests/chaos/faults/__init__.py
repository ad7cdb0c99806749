"""Registry of faults: what `make chaos` lets happen."""

from tests.chaos.experiment import Fault
from tests.chaos.faults import cluster, disk, links, network, postgresql, processes, rabbitmq, upgrade, valkey

FAULTS: tuple[Fault, ...] = (
    *valkey.FAULTS,
    *processes.FAULTS,
    *rabbitmq.FAULTS,
    *postgresql.FAULTS,
    *network.FAULTS,
    *links.FAULTS,
    *cluster.FAULTS,
    *disk.FAULTS,
    *upgrade.FAULTS,
)


def chosen(*names: str) -> list[Fault]:
    """Faults whose name contains one of `names`; all without names."""
    return [fault for fault in FAULTS if not names or any(name in fault.name for name in names)]
