"""What `/metrics` exports is what the reference, the rules and the dashboards name."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser as parser
import pytest
from django.test import Client

from messaging.telemetry import messages
from messaging.telemetry.store import REGISTRY
from shop.health import request_metrics
from tests.deploy.files import DEPLOY, documents
from tests.metrics.promql import selectors
from tests.metrics.rules import rules
from tests.stack.program import PROJECT

DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
#: What Prometheus itself adds.
OWN = {"up"}
SUFFIX = re.compile(r"_(total|bucket|sum|count)$")


@pytest.fixture
def exported(transactional_db) -> dict[str, set[str]]:
    """The labels of each sample that the shop exports, of metrics that have none yet those of their definition."""
    messages.connect()
    request_metrics.prepare()
    found: dict[str, set[str]] = {}
    for name, given in re.findall(
        r"^(conveyor_\w+)(?:\{(.*)\})? ", Client().get("/metrics").content.decode(), re.MULTILINE
    ):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', given))
    definitions: list[Any] = list(REGISTRY._collector_to_names)
    for metric in definitions:
        kind, name, has = metric._type, metric._name, set(metric._labelnames)
        suffixes = {"counter": ["_total"], "histogram": ["_sum", "_count"]}[kind]
        found |= {f"{name}{suffix}": has for suffix in suffixes}
        if kind == "histogram":
            found[f"{name}_bucket"] = has | {"le"}
    # Without a sample in an empty shop: no rate of processing is known.
    return found | {"conveyor_drain_seconds": {"queue"}}


def dashboard_expressions() -> Iterator[tuple[str, str]]:
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}: {panel['title']}", target["expr"]


def expressions() -> Iterator[tuple[str, str]]:
    for kind in ("record", "alert"):
        yield from ((rule[kind], rule["expr"]) for rule in rules(kind))
    yield from dashboard_expressions()


def test_expressions_name_only_what_is_exported(exported):
    recorded = {rule["record"] for rule in rules("record")}
    wrong = []
    for where, expression in expressions():
        found = list(selectors(parser.parse(expression)))
        assert found, where
        for selector in found:
            if selector.name in recorded | OWN:
                continue
            asked = {matcher.name for matcher in selector.matchers.matchers}
            if selector.name not in exported or not asked <= exported[selector.name]:
                wrong.append(f"{where}: {selector.prettify()}")
    assert wrong == []


def test_groups_are_made_by_labels_that_are_exported(exported):
    known = set().union(*exported.values())
    for where, expression in expressions():
        for names in re.findall(r"\bby \(([^)]*)\)", expression):
            assert set(re.split(r",\s*", names)) <= known, where


def test_bounds_of_buckets_in_expressions_are_bounds_of_the_histogram():
    bounds = {
        f"{metric._name}_bucket": {str(float(bound)) for bound in metric._upper_bounds}
        for metric in REGISTRY._collector_to_names
        if metric._type == "histogram"
    }
    asked = 0
    for where, expression in expressions():
        for selector in selectors(parser.parse(expression)):
            for matcher in selector.matchers.matchers:
                if matcher.name == "le":
                    asked += 1
                    assert matcher.value in bounds[selector.name], where
    assert asked >= 10


def test_the_reference_lists_every_metric_with_its_labels_and_no_other(exported):
    page = (PROJECT / "docs" / "reference" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(conveyor_\w+)` \| (.*?) \| ", page, re.MULTILINE)
    listed = {name: set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", having))) for name, having in rows}
    names: dict[str, set[str]] = {}
    histograms = {name.removesuffix("_bucket") for name in exported if name.endswith("_bucket")}
    for name, has in exported.items():
        is_part = SUFFIX.sub("", name) in histograms
        names.setdefault(SUFFIX.sub("", name) if is_part else name, set()).update(has - {"le"})
    assert listed == names


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def dashboard(request) -> dict[str, Any]:
    return dict(json.loads(request.param.read_text()))


def test_a_dashboard_is_whole(dashboard):
    panels = dashboard["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(ids) == len(set(ids))
    assert len({panel["title"] for panel in panels}) == len(panels)
    (source,) = documents("grafana/provisioning/datasources/prometheus.yaml")[0]["datasources"]
    for panel in panels:
        assert panel["description"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": source["uid"]}
        references = [target["refId"] for target in panel["targets"]]
        assert len(references) == len(set(references))
        assert all(target["datasource"]["uid"] == source["uid"] for target in panel["targets"])


def test_panels_do_not_overlap(dashboard):
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]


def test_dashboards_have_their_own_uid_and_name_runbooks_that_exist():
    uids = [json.loads(path.read_text())["uid"] for path in DASHBOARDS]
    assert len(DASHBOARDS) == 2
    assert len(set(uids)) == 2
    named = {page for path in DASHBOARDS for page in re.findall(r"docs/how-to/runbooks/[a-z-]+\.md", path.read_text())}
    assert len(named) >= 8
    assert all((PROJECT / page).is_file() for page in named)


def test_grafana_finds_dashboards_and_prometheus_and_has_no_known_password():
    services = documents("compose.yaml")[0]["services"]
    grafana = services["grafana"]
    (provider,) = documents("grafana/provisioning/dashboards/conveyor.yaml")[0]["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in grafana["volumes"]
    assert "./grafana/provisioning:/etc/grafana/provisioning:ro" in grafana["volumes"]
    (source,) = documents("grafana/provisioning/datasources/prometheus.yaml")[0]["datasources"]
    assert source["url"].partition("//")[2].partition(":")[0] in services
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"] == "${GRAFANA_PASSWORD:?}"
    assert re.fullmatch(r"grafana/grafana:\d+\.\d+\.\d+", grafana["image"])
    assert (grafana["read_only"], grafana["cap_drop"], grafana["user"]) == (True, ["ALL"], "472")
    assert all(port.startswith("127.0.0.1:") for port in grafana["ports"])
