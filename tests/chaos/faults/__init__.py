"""Registry of faults: what `make chaos` lets happen."""

from tests.chaos.experiment import Fault
from tests.chaos.faults import cluster, disk, network, postgresql, processes, rabbitmq, valkey

FAULTS: tuple[Fault, ...] = (
    *valkey.FAULTS,
    *processes.FAULTS,
    *rabbitmq.FAULTS,
    *postgresql.FAULTS,
    *network.FAULTS,
    *cluster.FAULTS,
    *disk.FAULTS,
)


def chosen(*names: str) -> list[Fault]:
    """Faults whose name contains one of `names`; all without names."""
    return [fault for fault in FAULTS if not names or any(name in fault.name for name in names)]
