"""Lighthouse ratings on a simulated phone. Runs Google's program from `frontend/node_modules`."""

import contextlib
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import StorageState

from tests.stack.program import PROJECT

PROGRAM = PROJECT / "frontend" / "node_modules" / ".bin" / "lighthouse"
PERFORMANCE = "performance"
CATEGORIES = (PERFORMANCE, "accessibility", "best-practices", "seo")
#: Minimum scores, out of 100.
BARS: Mapping[str, int] = {PERFORMANCE: 95, "accessibility": 100, "best-practices": 100, "seo": 95}
_CHROME = (
    "--headless=new --no-sandbox --no-proxy-server --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-quic --disable-dev-shm-usage"
)
_SECONDS = 90
_TRIES = 3


class NotRated(Exception):
    """Lighthouse gave no report."""


@dataclass(kw_only=True)
class Scores:
    """`of` maps categories to scores out of 100; `lost` describes audits that were not fully passed."""

    of: dict[str, int] = field(default_factory=dict)
    runs: list[int] = field(default_factory=list)
    shift: float = 0.0
    transfer: int = 0
    lost: dict[str, list[str]] = field(default_factory=dict)
    version: str = ""


def rate(url: str, *, cookies: StorageState, chromium: str, runs: int) -> Scores:
    """Performance is the median of `runs`, since it varies with the machine's load; other scores do not vary."""
    reports = [_run(url, _cookie_header(cookies), chromium, CATEGORIES)]
    reports += [_run(url, _cookie_header(cookies), chromium, [PERFORMANCE]) for _ in range(runs - 1)]
    first = reports[0]
    scores = Scores(version=first["lighthouseVersion"])
    scores.of = {name: _score(first, name) for name in CATEGORIES}
    scores.runs = [_score(report, PERFORMANCE) for report in reports]
    scores.of[PERFORMANCE] = int(statistics.median_low(scores.runs))
    scores.shift = max(_number(report, "cumulative-layout-shift") for report in reports)
    scores.transfer = int(_number(first, "total-byte-weight"))
    scores.lost = {name: _lost(first, name) for name in CATEGORIES}
    return scores


def _cookie_header(cookies: StorageState) -> dict[str, str]:
    pairs = [f"{cookie['name']}={cookie['value']}" for cookie in cookies.get("cookies", [])]
    return {"Cookie": "; ".join(pairs)} if pairs else {}


def _run(url: str, headers: Mapping[str, str], chromium: str, categories: Sequence[str]) -> dict[str, Any]:
    """Retries, as Lighthouse itself recommends: on a busy machine it sometimes loses its trace or hangs."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(NotRated):
            return _report(url, headers, chromium, categories)
    return _report(url, headers, chromium, categories)


def _report(url: str, headers: Mapping[str, str], chromium: str, categories: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="conveyor-lighthouse-") as folder:
        report = Path(folder) / "report.json"
        sent = Path(folder) / "headers.json"
        sent.write_text(json.dumps(dict(headers)))
        command = [str(PROGRAM), url, "--quiet", "--output=json", f"--output-path={report}"]
        command += [f"--only-categories={','.join(categories)}", f"--chrome-flags={_CHROME}"]
        command += [f"--extra-headers={sent}"] if headers else []
        code, output = _output_of(command, os.environ | {"CHROME_PATH": chromium, "TMPDIR": folder})
        if code or not report.exists():
            raise NotRated(f"Lighthouse could not rate {url}:\n{output[-2000:]}")
        return dict(json.loads(report.read_text()))


def _output_of(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and output. Its browser is killed with it, even after an interrupt or a timeout."""
    program = psutil.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = program.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return -1, f"timed out after {_SECONDS} s"
    finally:
        _kill_with_children(program)
    return program.returncode, output


def _kill_with_children(program: psutil.Popen) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in [*program.children(recursive=True), program]:
            process.kill()
        program.wait()


def _score(report: Mapping[str, Any], category: str) -> int:
    return round(100 * (report["categories"][category]["score"] or 0))


def _number(report: Mapping[str, Any], audit: str) -> float:
    return float(report["audits"][audit].get("numericValue", 0))


def _lost(report: Mapping[str, Any], category: str) -> list[str]:
    """Audits that lowered the score, with their first finding."""
    weights = {ref["id"]: ref["weight"] for ref in report["categories"][category]["auditRefs"]}
    audits = [report["audits"][name] for name, weight in weights.items() if weight]
    return [_describe(audit) for audit in audits if audit["score"] is not None and audit["score"] < 1]


def _describe(audit: Mapping[str, Any]) -> str:
    items = audit.get("details", {}).get("items", [])
    first = json.dumps(items[0], ensure_ascii=False)[:300] if items else audit.get("displayValue", "")
    return f"{audit['title']} {first}".strip()
