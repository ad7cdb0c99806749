"""Protections of the code: a missing one is found, and a run that fails shrinks to what it needs."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from config.env import BASE_DIR
from tests.simulation.protections import PROTECTIONS
from tests.simulation.protections.faults import FAULTS
from tests.simulation.protections.mutants import chosen, judge, main
from tests.simulation.protections.mutation import VARIABLE
from tests.simulation.protections.protection import Protection
from tests.simulation.test_simulation import simulate

#: Cheap ones, found by the simulation and by a test. `make mutate` takes out all.
SOME = ("done in the transaction of the effects", "a message of a newer schema waits")
FEW_SEEDS = 20
BY_NAME = {protection.name: protection for protection in PROTECTIONS}


def test_there_are_many_protections_each_with_a_name_of_its_own():
    assert len(BY_NAME) == len(PROTECTIONS) >= 50


@pytest.mark.parametrize("names", FAULTS.values(), ids=FAULTS)
def test_the_protections_against_a_fault_can_be_taken_out(names: tuple[str, ...]):
    assert set(names) <= set(BY_NAME)


@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda protection: protection.name)
def test_a_protection_can_be_taken_out(protection: Protection):
    origin = find_spec(protection.module)
    assert origin is not None
    assert origin.origin is not None
    source = Path(origin.origin).read_text()
    without = protection.taken_out_of(source)
    assert ast.dump(ast.parse(without)) != ast.dump(ast.parse(source))


@pytest.mark.parametrize("protection", [each for each in PROTECTIONS if each.test], ids=lambda each: each.name)
def test_the_test_that_finds_it_exists(protection: Protection):
    path, _, name = protection.test.partition("::")
    functions = {
        node.name for node in ast.walk(ast.parse((BASE_DIR / path).read_text())) if isinstance(node, ast.FunctionDef)
    }
    assert name in functions


def test_what_the_code_does_not_have_cannot_be_taken_out():
    with pytest.raises(LookupError):
        Protection(name="none", module="messaging.clock", code="nowhere", without="").taken_out_of("somewhere")


def test_some_are_chosen_by_their_name():
    assert [protection.name for protection in chosen(only="newer schema")] == [SOME[1]]


def test_a_name_that_no_protection_has_is_a_failure(capsys: pytest.CaptureFixture[str]):
    assert main("no such protection") == 1
    assert capsys.readouterr().out.startswith("0 protections taken out")


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_a_missing_protection_is_found(name: str):
    verdict = judge(BY_NAME[name], seeds=FEW_SEEDS)
    assert verdict.is_found, verdict.how


@pytest.mark.slow
def test_a_change_that_the_table_of_a_state_does_not_have_is_found():
    verdict = judge(BY_NAME["only a payment that takes no money yet is cancelled with its order"], seeds=FEW_SEEDS)
    assert "states change as their tables say" in verdict.how


@pytest.mark.slow
def test_a_run_that_fails_shrinks_to_the_events_that_it_needs(monkeypatch: pytest.MonkeyPatch):
    protection = BY_NAME["nothing of a paused queue is claimed"]
    monkeypatch.setenv(VARIABLE, protection.name)
    found = simulate("--first", protection.seed, "--seeds", FEW_SEEDS, "--stop", fails=True)
    failed = re.search(r"^seed (\d+): Broken: (.*?):", found, re.MULTILINE)
    assert failed
    output = simulate("--seed", failed[1], "--shrink", 60, fails=True)
    whole, left = map(int, re.findall(r"(\d+) events", output))
    assert left < whole / 2
    assert output.count(f"Broken: {failed[2]}") == 2
    assert "publishes" in output
    assert re.search(r"^steps \w{64}$", output, re.MULTILINE)
