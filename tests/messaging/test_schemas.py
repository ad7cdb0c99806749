"""Schema snapshots: a payload's schema changes only with a new version. `schemas/` holds one file per version.

For an intended change: raise the payload's `version`, add its lift, and run this file with UPDATE_SCHEMAS=1.
"""

import json
import os
from pathlib import Path

import pytest

from messaging.payloads import registered_payloads

FOLDER = Path(__file__).parent / "schemas"
PAYLOADS = {task: payload for task, payload in registered_payloads().items() if not task.startswith("tests.")}


def schema_of(task: str) -> dict:
    payload = PAYLOADS[task]
    schema = payload.model_json_schema()
    schema.pop("description", None)
    return {"task": task, "version": payload.version, "routing_key": payload.routing_key, "schema": schema}


@pytest.mark.parametrize("task", sorted(PAYLOADS))
def test_the_schema_matches_its_snapshot(task):
    path = FOLDER / f"{task}.v{PAYLOADS[task].version}.json"
    if os.environ.get("UPDATE_SCHEMAS") and not path.exists():
        path.write_text(json.dumps(schema_of(task), indent=2, sort_keys=True) + "\n")
    assert path.exists(), f"{path.name} is missing: see the docstring above"
    assert json.loads(path.read_text()) == schema_of(task), "changed without a new version: see the docstring above"


def test_every_snapshot_has_its_task_and_every_older_version_its_lift():
    for path in FOLDER.glob("*.json"):
        kept = json.loads(path.read_text())
        payload = PAYLOADS[kept["task"]]
        assert kept["version"] == payload.version or kept["version"] in payload.lifts
