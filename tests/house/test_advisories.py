"""Known vulnerabilities fail `make lint`; a database of advisories that cannot be reached does not, and is named."""

import sys

import pytest

from tests.quality import advisories

SAFE = {"name": "django", "version": "5.2.19", "vulns": []}
VULNERABLE = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"]}]}
ABANDONED = {"name": "gone", "version": "1.0", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
LEFT_OUT = {"name": "django", "skip_reason": "Dependency not found"}


def check(*packages, one=(SAFE,)):
    return advisories.check(one=lambda: list(one), every=lambda: list(packages))


def test_vulnerabilities_fail_and_are_listed_with_their_fixes(capsys):
    assert check(SAFE, VULNERABLE, ABANDONED) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["old 1.0: PYSEC-1, fixed in 1.1, 2.0", "gone 1.0: PYSEC-2, fixed in none"]


def test_packages_without_a_known_vulnerability_pass(capsys):
    assert check(SAFE, {"name": "private", "skip_reason": "Dependency not found"}) == 0
    assert "no known vulnerability" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [None, [], [LEFT_OUT]])
def test_a_database_that_does_not_know_django_is_none_and_the_others_are_not_asked(answer, capsys):
    def unasked():
        pytest.fail("all packages were looked up")

    assert advisories.check(one=lambda: answer, every=unasked) == 0
    assert capsys.readouterr().out.strip() == advisories.UNREACHABLE


def test_a_database_that_goes_away_is_named_too(capsys):
    assert advisories.check(one=lambda: [SAFE], every=lambda: None) == 0
    assert capsys.readouterr().out.strip() == advisories.UNREACHABLE


@pytest.mark.parametrize("output", ["", "Traceback", "[]", "{}", '{"dependencies": null}'])
def test_an_answer_that_is_none_is_not_taken_for_one(output, monkeypatch, tmp_path):
    script = tmp_path / "python"
    script.write_text(f"#!{sys.executable}\nprint({output!r})\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    assert advisories.ask() is None
