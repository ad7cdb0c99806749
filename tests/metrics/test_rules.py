"""Alert rules: simulated outages, a quiet day, and that every rule has its severity and runbook."""

import re

import pytest

from tests.deploy.files import DEPLOY, documents, read, tool
from tests.metrics.promql import labels
from tests.metrics.rules import FILES, Scenario, promtool, recorded, rules
from tests.metrics.scenarios import MINUTES, RATE, checkouts, counter, evaluated, gauge, healthy, shipped
from tests.stack.program import PROJECT

SHIPPING = {"ShippingBudgetBurn page 1h", "ShippingBudgetBurn page 6h", "ShippingBudgetBurn ticket 3d"}
CHECKOUT = {"CheckoutBudgetBurn page 1h", "CheckoutBudgetBurn page 6h", "CheckoutBudgetBurn ticket 3d"}


def carrier_outage(*, begin: int, end: int) -> Scenario:
    """No order is shipped meanwhile; afterwards the late ones are, at once."""
    all_, in_time = [float(RATE)] * MINUTES, [float(RATE)] * MINUTES
    for minute in range(begin, end):
        all_[minute] = in_time[minute] = 0
    all_[end] += RATE * (end - begin)
    found = healthy() | shipped(all_, in_time)
    for within, window in (("5m", 5), ("30m", 30), ("1h", 60), ("6h", 360), ("3d", 4320)):
        overdue = [
            RATE * max(0, min(minute - begin - 1, window - 1)) if begin < minute < end else 0
            for minute in range(MINUTES)
        ]
        found["conveyor_orders_overdue", labels(within=within)] = list(map(float, overdue))
    found["conveyor_circuit_open", labels(circuit="gateway.stripe")] = [
        float(begin <= minute < end) for minute in range(MINUTES)
    ]
    return found


def test_promtool_accepts_the_configuration_and_the_rules(tmp_path):
    program = tool("promtool")
    promtool(program, "check", "rules", *(str(DEPLOY / path) for path in FILES))
    given = read("prometheus/prometheus.yml").replace("/run/secrets/metrics_token", str(tmp_path / "token"))
    (tmp_path / "token").write_text("s3cret")
    for path in FILES:
        (tmp_path / path.rpartition("/")[2]).write_text(read(path))
    (tmp_path / "prometheus.yml").write_text(given)
    promtool(program, "check", "config", str(tmp_path / "prometheus.yml"))


def test_ratios_of_a_quiet_window_are_zero_and_of_others_the_share_that_missed():
    for name in ("conveyor:orders_missed:ratio5m", "conveyor:checkouts_missed:ratio3d"):
        assert recorded(healthy(rate=0), name, at=60) == 0
        assert recorded({}, name, at=60) == 0
    missed = healthy() | shipped([4.0] * MINUTES, [3.0] * MINUTES)
    assert recorded(missed, "conveyor:orders_missed:ratio1h", at=100) == 0.25
    missed["conveyor_orders_overdue", labels(within="1h")] = gauge(80)
    assert recorded(missed, "conveyor:orders_missed:ratio1h", at=100) == (60 + 80) / (240 + 80)


@pytest.mark.parametrize("rate", [RATE, 0.02, 0])
def test_a_day_in_which_nothing_is_wrong_raises_no_alert(rate, tmp_path):
    """With trade, with an order now and then, and with none at all."""
    evaluated(healthy(rate=rate), {minute: set() for minute in (0, 1, 10, 60, 200, 400)}, tmp_path)


def test_a_single_late_order_of_a_quiet_day_wakes_nobody(tmp_path):
    scenario = healthy(rate=0) | shipped([float(m == 100) for m in range(MINUTES)], [0.0] * MINUTES)
    evaluated(scenario, {minute: set() for minute in (100, 103, 130, 300)}, tmp_path)


def test_a_shop_that_has_just_been_installed_raises_no_alert(tmp_path):
    """There are no series but those of Prometheus itself."""
    scenario: Scenario = {("up", labels(job="conveyor", instance="web:8000")): gauge(1)}
    evaluated(scenario, {0: set(), 60: set()}, tmp_path)


def test_an_outage_of_the_carrier_pages_while_no_order_is_shipped_and_is_over_afterwards(tmp_path):
    expected = {
        119: set(),
        150: {*SHIPPING, "CircuitOpen page"},
        179: {*SHIPPING, "CircuitOpen page"},
        183: SHIPPING,  # the orders that waited are shipped late
        200: SHIPPING - {"ShippingBudgetBurn page 1h"},
        300: {"ShippingBudgetBurn ticket 3d"},
    }
    evaluated(carrier_outage(begin=120, end=180), expected, tmp_path)


def test_slow_checkouts_page_and_refused_ones_do_not(tmp_path):
    fast = [float(RATE) if minute < 120 or minute >= 150 else 0.0 for minute in range(MINUTES)]
    scenario = healthy() | checkouts([float(RATE)] * MINUTES, fast)
    evaluated(scenario, {119: set(), 140: CHECKOUT}, tmp_path)


def test_failed_checkouts_page_however_fast_they_fail(tmp_path):
    failed = [float(RATE) if minute >= 120 else 0.0 for minute in range(MINUTES)]
    placed = [0.0 if minute >= 120 else float(RATE) for minute in range(MINUTES)]
    scenario = healthy() | checkouts(placed, placed, failed)
    evaluated(scenario, {119: set(), 140: CHECKOUT}, tmp_path)


@pytest.mark.parametrize(
    ("alert", "changes"),
    [
        ("WebDown page", {("up", labels(job="conveyor", instance="web:8000")): 0}),
        ("ProcessDown ticket", {("up", labels(job="conveyor-processes", instance="10.0.0.2:9464")): 0}),
        ("RelayStalled page", {("conveyor_oldest_due_seconds", labels(queue="payments")): 61}),
        ("CircuitOpen page", {("conveyor_circuit_open", labels(circuit="gateway.stripe")): 1}),
        ("QueuePaused ticket", {("conveyor_queue_paused", labels(queue="payments")): 1}),
        ("QueueBacklog ticket", {("conveyor_drain_seconds", labels(queue="payments")): 901}),
        ("MetricsIncomplete ticket", {("conveyor_metric_failed", labels(part="messages")): 1}),
        ("MetricsIncomplete ticket", {("conveyor_metric_files_damaged", labels()): 2}),
        ("LimitsOff ticket", {("conveyor_limits_cache_up", labels()): 0}),
    ],
)
def test_a_state_that_needs_somebody_raises_its_alert_and_no_other(alert, changes, tmp_path):
    scenario = healthy() | {key: gauge(value) for key, value in changes.items()}
    evaluated(scenario, {0: set(), 100: {alert}}, tmp_path)


def test_dead_letters_raise_an_alert_while_they_grow_only(tmp_path):
    dead = [0.0 if minute < 100 else 3.0 for minute in range(MINUTES)]
    scenario = healthy() | {("conveyor_messages", labels(queue="shipping", state="dead")): list(dead)}
    evaluated(scenario, {99: set(), 105: {"DeadLettersGrow ticket"}, 115: set()}, tmp_path)


def test_errors_of_the_shop_raise_an_alert(tmp_path):
    key = ("conveyor_http_requests_total", labels(view="shop:home", method="GET", status="5xx"))
    evaluated(healthy() | {key: counter([RATE] * MINUTES)}, {2: set(), 100: {"HttpErrors page"}}, tmp_path)


def test_every_alert_has_a_severity_a_summary_and_a_runbook_that_says_what_to_do():
    named = set()
    for rule in rules("alert"):
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        page = PROJECT / rule["annotations"]["runbook_url"]
        assert page.stem == re.sub(r"(?<=[a-z])(?=[A-Z])", "-", rule["alert"]).lower()
        text = page.read_text()
        assert text.startswith(f"# {rule['alert']}\n")
        for part in ("**Meaning.**", "**Impact.**", "**Look**", "**Do**", "**Over**"):
            assert part in text, f"{page.name} lacks {part}"
        named.add(page.name)
    folder = PROJECT / "docs" / "how-to" / "runbooks"
    assert {path.name for path in folder.glob("*.md")} == named | {"README.md"}
    assert set(re.findall(r"\]\(([a-z-]+\.md)\)", (folder / "README.md").read_text())) == named


def test_prometheus_loads_the_rules_and_scrapes_every_process_once():
    configuration = documents("prometheus/prometheus.yml")[0]
    assert [f"prometheus/{name}" for name in configuration["rule_files"]] == list(FILES)
    services = documents("compose.yaml")[0]["services"]
    web, others = configuration["scrape_configs"]
    assert web["dns_sd_configs"] == [{"names": ["web"], "type": "A", "port": 8000}]
    (found,) = others["dns_sd_configs"]
    processes = {name for name, one in services.items() if one["image"].startswith("conveyor:")}
    assert set(found["names"]) == processes - {"web", "migrate"}
    assert str(found["port"]) == services["web"]["environment"]["METRICS_PORT"]
