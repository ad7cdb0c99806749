"""Schema snapshots: a payload's schema changes only with a new version (`tests.extensions.snapshots`)."""

import json
from pathlib import Path

import pytest

from messaging.payloads import registered_payloads
from tests.extensions.snapshots import assert_unchanged

FOLDER = Path(__file__).parent / "schemas"
PAYLOADS = {task: payload for task, payload in registered_payloads().items() if not task.startswith("tests.")}


@pytest.mark.parametrize("task", sorted(PAYLOADS))
def test_the_schema_matches_its_snapshot(task):
    assert_unchanged(PAYLOADS[task], FOLDER)


def test_every_snapshot_has_its_task_and_every_older_version_its_lift():
    for path in FOLDER.glob("*.json"):
        kept = json.loads(path.read_text())
        payload = PAYLOADS[kept["task"]]
        assert kept["version"] == payload.version or kept["version"] in payload.lifts
