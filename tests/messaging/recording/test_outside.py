"""Outside calls: what is stored of them, and how a dry run gets their answers again."""

import json
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

import pytest

from messaging.operations.dry_runs.replay import AnswerMissing, Replay
from messaging.recording import flight_recorder, outside

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Receipt:
    number: str
    at: datetime
    colours: tuple[Colour, ...] = ()
    scan: bytes = b""


class Refused(Exception):
    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Printer:
    """An outside system. `says` are its answers and errors, in order."""

    def __init__(self, *says):
        self.says, self.asked = list(says), []

    def print_page(self, *, page: int, name: str = "") -> Receipt | None:
        self.asked.append(page)
        said = self.says.pop(0)
        if isinstance(said, Exception):
            raise said
        return said


def ask(printer, *, page=1, name="Ada"):
    return outside.call(
        printer.print_page,
        {"page": page, "name": name},
        system="printer",
        guard=nullcontext(),
        errors=(Refused,),
        private=("name",),
    )


def recorded(*says, **arguments):
    """What is stored of a run that asks once for each answer, as it comes back from the database."""
    printer = Printer(*says)
    with flight_recorder.recording() as made:
        for said in says:
            if isinstance(said, Exception):
                with pytest.raises(type(said)):
                    ask(printer, **arguments)
            else:
                ask(printer, **arguments)
    return json.loads(json.dumps(made.exchanges))


def replay(exchanges, **arguments):
    printer = Printer()
    with outside.replayed(Replay(exchanges)):
        answer = ask(printer, **arguments)
    assert not printer.asked
    return answer


def test_a_recorded_answer_comes_back_as_it_was():
    receipt = Receipt("R1", NOON, (Colour.RED,))
    assert replay(recorded(receipt)) == receipt
    assert replay(recorded(None)) is None


def test_answers_to_the_same_question_come_in_their_order_and_the_last_one_again():
    exchanges = recorded(Receipt("R1", NOON), Receipt("R2", NOON))
    with outside.replayed(Replay(exchanges)):
        assert [ask(Printer()).number for _ in range(3)] == ["R1", "R2", "R2"]


def test_a_recorded_error_is_raised_again():
    with pytest.raises(Refused) as caught:
        replay(recorded(Refused("no_paper")))
    assert caught.value.code == "no_paper"


def test_a_question_that_was_not_asked_has_no_answer():
    with pytest.raises(AnswerMissing) as caught:
        replay(recorded(Receipt("R1", NOON)), page=2)
    assert (caught.value.system, caught.value.operation) == ("printer", "print_page")


def test_a_private_argument_is_not_stored_but_its_change_is_noticed():
    exchanges = recorded(Receipt("R1", NOON), name="Ada Lovelace")
    assert "Ada" not in json.dumps(exchanges)
    assert replay(exchanges, name="Ada Lovelace").number == "R1"
    with pytest.raises(AnswerMissing):
        replay(exchanges, name="Ada King")


def test_a_bug_of_ours_is_recorded_and_is_no_answer():
    exchanges = recorded(ZeroDivisionError("ours"))
    assert exchanges[0]["error"] == "ZeroDivisionError"
    with pytest.raises(AnswerMissing):
        replay(exchanges)


@pytest.mark.parametrize("scan", [b"\xff\xfe", b"x" * 20_000], ids=["no text", "too large"])
def test_an_answer_that_cannot_be_kept_says_so_and_is_not_replayed(scan):
    exchanges = recorded(Receipt("R1", NOON, scan=scan))
    assert exchanges[0]["not_kept"]
    with pytest.raises(AnswerMissing):
        replay(exchanges)


def test_what_no_database_stores_is_replaced():
    stored = json.dumps(recorded(Receipt("a\x00b \\u0000", NOON)))
    assert "\\u0000" not in stored.replace("\\\\u0000", "")


@pytest.mark.parametrize("damage", [{"answer": {"number": 1}}, {"answer": 7}, {"error": "Gone", "arguments": []}])
def test_a_record_that_the_present_code_cannot_read_is_no_answer(damage):
    (exchange,) = recorded(Receipt("R1", NOON))
    exchange.pop("answer")
    with pytest.raises(AnswerMissing):
        replay([exchange | damage])


def test_outside_a_run_the_call_is_made_and_nothing_is_recorded():
    assert ask(Printer(Receipt("R1", NOON))).number == "R1"
    assert flight_recorder.current() is None
