"""A protection of the code: where it is, what takes its place when it is taken out, and who finds that."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Protection:
    """`code`, which the module has once, becomes `without`. Either `test` finds that, or the simulation does.

    `seed` is one that finds it; if the scenarios have changed since, one of the next seeds does. `database` is the
    simulation's: "postgresql" for what only two open transactions can do. `needs` names the server that the test needs.
    """

    name: str
    module: str
    code: str
    without: str
    test: str = ""
    seed: int = 0
    database: str = "sqlite"
    needs: str = ""

    def taken_out_of(self, source: str) -> str:
        """Raises `LookupError` unless the source has the protection once."""
        if source.count(self.code) != 1:
            raise LookupError(f"{self.module} has the code of {self.name!r} {source.count(self.code)} times, not once")
        return source.replace(self.code, self.without)
