"""What this process has counted, for tests: the difference that a block of code makes."""

from collections.abc import Iterator
from contextlib import contextmanager

from messaging.telemetry.store import REGISTRY

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def counted() -> Samples:
    """Every sample of the registry by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
    }


class Difference:
    """What a block has added; empty until it ends."""

    def __init__(self) -> None:
        self.samples: Samples = {}

    def of(self, name: str, **labels: str) -> float:
        """The increase of all samples of this name that have these labels."""
        wanted = set(labels.items())
        return sum(value for (found, having), value in self.samples.items() if found == name and wanted <= set(having))


@contextmanager
def difference() -> Iterator[Difference]:
    found, before = Difference(), counted()
    yield found
    found.samples = {key: value - before.get(key, 0.0) for key, value in counted().items()}
