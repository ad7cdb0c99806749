"""The rules of `deploy/prometheus`, evaluated over series: with the evaluator of the tests, and with promtool."""

import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser as parser
import yaml

from tests.deploy.files import DEPLOY, documents
from tests.metrics.promql import Evaluator, Labels

STEP = timedelta(minutes=1)
FILES = ("prometheus/objectives.yml", "prometheus/alerts.yml")
_LONGEST_FOR = 60
_FIRING = 'max by (alertname, severity, window) (ALERTS{alertstate="firing"})'
Scenario = dict[tuple[str, Labels], list[float | None]]


def rules(kind: str) -> list[dict[str, Any]]:
    """The rules with this key, `record` or `alert`, in order."""
    found = (rule for path in FILES for group in documents(path)[0]["groups"] for rule in group["rules"])
    return [rule for rule in found if kind in rule]


def firing(scenario: Scenario, *, at: Sequence[int]) -> dict[int, set[str]]:
    """The alerts that fire after these minutes, as `named` has them. Evaluates the hour before each, for `for`."""
    series = _by_name(scenario)
    records = [(rule["record"], parser.parse(rule["expr"])) for rule in rules("record")]
    alerts = [(rule, parser.parse(rule["expr"]), _minutes(rule.get("for", "0m"))) for rule in rules("alert")]
    since: dict[int, int] = {}
    found: dict[int, set[str]] = {}
    for minute in sorted({minute for end in at for minute in range(max(0, end - _LONGEST_FOR), end + 1)}):
        now = Evaluator(series, STEP, minute)
        for name, expression in records:
            for key, value in now.vector(expression).items():
                series.setdefault(name, {}).setdefault(key, [None] * (max(at) + 1))[minute] = value
        for number, (_rule, expression, _for) in enumerate(alerts):
            if now.evaluate(expression):
                since.setdefault(number, minute)
            else:
                since.pop(number, None)
        if minute in at:
            found[minute] = {
                named(rule)
                for number, (rule, _expression, lasts) in enumerate(alerts)
                if number in since and minute - since[number] >= lasts
            }
    return found


def recorded(scenario: Scenario, name: str, *, at: int) -> float:
    """The value of a recording rule after this many minutes."""
    series = _by_name(scenario)
    for rule in rules("record"):
        found = Evaluator(series, STEP, at).vector(parser.parse(rule["expr"]))
        series[rule["record"]] = {key: [None] * at + [value] for key, value in found.items()}
    ((*_before, value),) = series[name].values()
    assert value is not None
    return value


def _by_name(scenario: Scenario) -> dict[str, dict[Labels, list[float | None]]]:
    found: dict[str, dict[Labels, list[float | None]]] = {}
    for (name, key), values in scenario.items():
        found.setdefault(name, {})[key] = list(values)
    return found


def named(rule: dict[str, Any]) -> str:
    """Its name, severity and, for those of objectives, its window."""
    return " ".join([rule["alert"], *rule["labels"].values()])


def _minutes(text: str) -> int:
    return int(text[:-1]) * {"m": 1, "h": 60}[text[-1]]


def write_promtool_test(folder: Path, scenario: Scenario, *, expected: dict[int, set[str]]) -> Path:
    """A file for `promtool test rules` that says which alerts fire after these minutes, and that no other does."""
    tests = [
        {
            "expr": _FIRING,
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": _labels(name), "value": 1} for name in names],
        }
        for minute, names in expected.items()
    ]
    path = folder / "scenario.yml"
    document = {
        "rule_files": [str(DEPLOY / each) for each in FILES],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": _series(name, key), "values": " ".join("_" if v is None else f"{v:g}" for v in values)}
                    for (name, key), values in scenario.items()
                ],
                "promql_expr_test": tests,
            }
        ],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def _labels(name: str) -> str:
    pairs = zip(("alertname", "severity", "window"), name.split(), strict=False)
    return "{" + ", ".join(f'{label}="{value}"' for label, value in pairs) + "}"


def _series(name: str, key: Labels) -> str:
    return f"{name}{{{','.join(f'{label}={value!r}' for label, value in sorted(key))}}}".replace("'", '"')


def promtool(program: str, *arguments: str) -> str:
    """What promtool says, which must be that all is well."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
