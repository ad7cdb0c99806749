"""Reads the spans that the processes of a stack export to a file."""

import json
from pathlib import Path
from typing import Any

Span = dict[str, Any]


def read(path: Path) -> list[Span]:
    """Every span, in the order of export; a line that is being written is left out."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def trace_of(spans: list[Span], trace_id: str) -> list[Span]:
    return [span for span in spans if span["context"]["trace_id"] == f"0x{trace_id}"]


def named(spans: list[Span], name: str) -> list[Span]:
    """Spans of this name, the earliest first."""
    return sorted((span for span in spans if span["name"] == name), key=lambda span: str(span["start_time"]))


def links_of(span: Span) -> list[tuple[str, str]]:
    """Span id and reason of each link."""
    return [(link["context"]["span_id"], link["attributes"].get("conveyor.reason", "")) for link in span["links"]]


def root_of(span: Span, spans: list[Span]) -> Span:
    """The span at the top of the tree in which this one is. Fails if a parent was not exported."""
    by_id = {each["context"]["span_id"]: each for each in spans}
    while span["parent_id"] is not None:
        assert span["parent_id"] in by_id, f"the parent of {span['name']} is missing"
        span = by_id[span["parent_id"]]
    return span
