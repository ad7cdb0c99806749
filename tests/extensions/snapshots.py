"""Snapshots of payloads' schemas: `<task>.v<version>.json` in a folder, for the shop's payloads and for extensions'.

For an intended change: raise the payload's `version`, add its lift, and run the tests with UPDATE_SCHEMAS=1.
"""

import json
import os
from pathlib import Path
from typing import Any

from messaging.payloads import Payload


def schema_of(payload: type[Payload]) -> dict[str, Any]:
    schema = payload.model_json_schema()
    schema.pop("description", None)
    return {"task": payload.task, "version": payload.version, "routing_key": payload.routing_key, "schema": schema}


def assert_unchanged(payload: type[Payload], folder: Path) -> None:
    """The schema is that of the snapshot, which UPDATE_SCHEMAS=1 writes if there is none of this version."""
    path = folder / f"{payload.task}.v{payload.version}.json"
    if os.environ.get("UPDATE_SCHEMAS") and not path.exists():
        folder.mkdir(exist_ok=True)
        path.write_text(json.dumps(schema_of(payload), indent=2, sort_keys=True) + "\n")
    assert path.exists(), f"{path.name} is missing: run this test with UPDATE_SCHEMAS=1"
    assert json.loads(path.read_text()) == schema_of(payload), (
        "changed without a new version: tests/extensions/snapshots.py"
    )
