"""Lists of the gateway that have no end: a walk through their pages is given up, and nothing more is asked."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from messaging import scheduler
from messaging.models import Circuit, Message, State
from payments import page_walk
from payments.gateways import DisputePage, GatewayUnavailable, RecordPage
from payments.gateways.simulated import SimulatedGateway
from payments.gateways.stripe import StripeGateway
from payments.gateways.stripe_setup import missing_events
from payments.page_walk import EndlessList
from tests.delivery import claim_task, deliver
from tests.payments.gateways.answers.odd_server import OddServer

RECONCILE, FIND = "payments.reconcile", "payments.find_disputes"


def walk(pages: Iterator[str]) -> int:
    """Pages read until the walk is given up. `StopIteration` if it never is."""
    position: dict[str, Any] = {"pages": 0, "mark": ""}
    for count in range(1, 10_000):
        try:
            step = page_walk.advance(to=next(pages), pages=position["pages"], mark=position["mark"])
        except EndlessList:
            return count
        position = {"pages": step["pages"], "mark": step["mark"]}
    raise StopIteration


@pytest.mark.parametrize("before", [0, 1, 5, 100])
@pytest.mark.parametrize("length", [1, 2, 3, 7, 100])
def test_a_circle_of_any_length_is_noticed_wherever_it_begins(before: int, length: int):
    def pages() -> Iterator[str]:
        yield from (f"before-{n}" for n in range(before))
        while True:
            yield from (f"circle-{n}" for n in range(length))

    assert walk(pages()) <= 4 * (before + length)


def test_a_list_that_grows_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page_walk, "MOST_PAGES", 1000)
    assert walk(f"page-{n}" for n in range(5000)) == 1000


def test_a_long_list_is_read_to_its_end():
    position = page_walk.advance(to="page-0", pages=0, mark="")
    for n in range(1, 5000):
        position = page_walk.advance(to=f"page-{n}", pages=position["pages"], mark=position["mark"])
    assert page_walk.advance(to="", pages=position["pages"], mark=position["mark"])["page"] == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_step_slices")
@pytest.mark.parametrize("task", [RECONCILE, FIND])
@pytest.mark.parametrize(
    "following", [{"": "a", "a": "a"}, {"": "a", "a": "b", "b": "c", "c": "a"}], ids=["same", "circle"]
)
def test_a_run_whose_pages_lead_in_a_circle_ends(monkeypatch: pytest.MonkeyPatch, task: str, following: dict[str, str]):
    asked: list[str] = []

    def records(self: SimulatedGateway, *, since: datetime, page: str = "") -> RecordPage:
        asked.append(page)
        return RecordPage({}, following[page])

    def disputes(self: SimulatedGateway, *, since: datetime, page: str = "") -> DisputePage:
        asked.append(page)
        return DisputePage({}, following[page])

    monkeypatch.setattr(SimulatedGateway, "records", records)
    monkeypatch.setattr(SimulatedGateway, "disputes", disputes)
    scheduler.tick(task)
    for _ in range(40):
        if not Message.objects.filter(task=task, state=State.PENDING).exists():
            break
        deliver(claim_task(task=task))
    last = Message.objects.filter(task=task).latest("pk")
    assert (last.state, last.error_type) == (State.DEAD, "payments.page_walk.EndlessList")
    assert len(asked) < 40
    assert not Circuit.objects.filter(opened_at__isnull=False).exists()


def repeated(answer: Any) -> Any:
    """The same page, which says that more follow."""
    return answer | {"has_more": True}


def grown(stripe: OddServer, key: str) -> Any:
    """A page of one entry that no page had before, which says that more follow."""

    def change(answer: Any) -> Any:
        entry = answer["data"][0] | {"id": f"{key}_{len(stripe.requests)}"}
        return answer | {"data": [entry], "has_more": True}

    return change


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["repeated", "grown"])
def test_stripes_list_of_refunds_without_an_end_is_given_up(stripe: OddServer, kind: str):
    gateway = StripeGateway()
    charge = gateway.authorise(
        idempotency_key="k1", amount=500, currency="EUR", method="pm_card_visa", return_url="https://shop.example/"
    )
    gateway.capture(idempotency_key="k1", reference=charge.reference, amount=500)
    gateway.refund(idempotency_key="r1", charge_reference=charge.reference, amount=10)
    before, stripe.change = len(stripe.requests), repeated if kind == "repeated" else grown(stripe, "re")
    with pytest.raises(GatewayUnavailable):
        gateway.refunds(charge_reference=charge.reference)
    assert len(stripe.requests) - before <= 10


@pytest.mark.parametrize("kind", ["repeated", "grown"])
def test_stripes_list_of_endpoints_without_an_end_is_given_up(stripe: OddServer, kind: str):
    stripe.vault.add_endpoint("https://other.example/", events=["*"])
    stripe.change = repeated if kind == "repeated" else grown(stripe, "we")
    with pytest.raises(GatewayUnavailable):
        missing_events()
    assert len(stripe.requests) <= 10
