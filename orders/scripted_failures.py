"""Cures of the failures that are scripted in the simulated gateway and carriers, for the demo and tests.

A failure is cured while its file exists: every process sees it, and a retry then succeeds. The demo's commands and its
fault board write the file, as a deployment or the bank would cure the real one.
"""

from enum import StrEnum
from pathlib import Path

from django.conf import settings


class Failure(StrEnum):
    """`BUG`: the payment code's, of the cards `pm_bug` and `pm_crash`. `OUTAGE`: of `pm_outage` and `Nowhere`."""

    BUG = "bug"
    OUTAGE = "outage"


def cure(failure: Failure) -> None:
    path = _file(failure)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def relapse(failure: Failure) -> None:
    _file(failure).unlink(missing_ok=True)


def is_cured(failure: Failure) -> bool:
    return _file(failure).exists()


def _file(failure: Failure) -> Path:
    return Path(settings.CONVEYOR_OUTAGES_DIR) / f"{failure}.cured"
