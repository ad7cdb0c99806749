"""The verdict on orders sees what is lost, what is there twice, and what it has cost; the report keeps other rows."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from messaging.models import Attempt, Message, State
from orders.models import EmailDelivery
from payments.models import GatewayCharge, Payment
from shipping.models import CarrierParcel, Shipment
from shop.invoices.services import issue_invoice
from tests.chaos import report
from tests.chaos.experiment import Result
from tests.chaos.faults import FAULTS
from tests.chaos.verdict import Verdict, ended, judge
from tests.delivery import deliver_all
from tests.factories import place

pytestmark = pytest.mark.django_db


class Shop:
    """A stack's database, mail and audit, without its processes."""

    def __init__(self, folder) -> None:
        self.folder = folder

    @contextmanager
    def db(self):
        yield "default"

    def api(self, method: str, path: str) -> None:
        """Nothing: invoices are issued by the tasks."""

    def audit(self) -> list[dict[str, str]]:
        return []


@pytest.fixture
def shop(tmp_path, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return Shop(tmp_path)


@pytest.fixture
def order():
    order = place()
    deliver_all()
    return order


def verdict(shop, order) -> Verdict:
    return judge(shop, [order.number], spending=[])


def test_a_delivered_order_is_complete(shop, order):
    assert ended(shop, [order.number])
    assert verdict(shop, order) == Verdict(lost=[], doubled=[], dead=[], broken=[], attempts=[], undecided=0)


def test_an_order_under_way_has_not_ended(shop):
    assert not ended(shop, [place().number])


@pytest.mark.parametrize(
    ("model", "what"),
    [(CarrierParcel, "parcel"), (Shipment, "shipment"), (GatewayCharge, "charge"), (EmailDelivery, "e-mail paid")],
)
def test_what_is_missing_is_lost(shop, order, model, what):
    model.objects.all().delete()
    assert f"{order.number} {what}" in verdict(shop, order).lost


def test_what_is_there_twice_is_doubled(shop, order):
    payment = Payment.objects.get()
    CarrierParcel.objects.create(idempotency_key=order.number, carrier="another", tracking_number="2", city="Bern")
    again = Payment.objects.create(
        order=order, amount=payment.amount, currency="EUR", status="captured", captured_at=payment.captured_at
    )
    issue_invoice(payment=again)
    (mail, *_) = (shop.folder / "mail").iterdir()
    (shop.folder / "mail" / "again").write_bytes(mail.read_bytes())
    doubled = verdict(shop, order).doubled
    assert {what.removeprefix(f"{order.number} ") for what in doubled} >= {"capture", "invoice", "parcel"}
    assert any("e-mail" in what for what in doubled)


def test_attempts_and_dead_messages_are_named(shop, order):
    message = Message.objects.filter(subject=order.number).first()
    message.state, message.error_type = State.DEAD, "Bug"
    message.save()
    Attempt.objects.create(message=message, number=1, error_type="WorkerLost", ended_at=order.placed_at)
    found = verdict(shop, order)
    assert found.dead == [f"{order.number} {message.task}: Bug"]
    assert found.attempts == [f"{message.task} WorkerLost"]
    assert judge(shop, [order.number], spending=[order.number]).attempts == []


def test_a_run_replaces_its_own_rows_only(tmp_path):
    place = tmp_path / "page.md"
    place.write_text(f"before\n{report.BEGIN}\n{report.END}\nafter\n")
    clean = Verdict(lost=[], doubled=[], dead=[], broken=[], attempts=[], undecided=0)
    first, second = (Result(fault=one, seed=1, orders=5, seconds=3.2, verdict=clean, accepted=5) for one in FAULTS[:2])
    report.write([report.row([second]), report.row([first])], faults=FAULTS, place=place)
    late = replace(second, seed=2, seconds=None, verdict=replace(clean, lost=["an order"]))
    report.write([report.row([second, late, replace(second, seed=3)])], faults=FAULTS, place=place)
    rows = [line.split(" | ") for line in place.read_text().splitlines() if line.startswith("| ")][2:]
    assert [row[0] for row in rows] == [f"| {one.name}" for one in FAULTS[:2]]
    assert [row[4] for row in rows] == ["0", "1"]
    assert [row[3] for row in rows] == ["5", "15"]
    assert [row[8] for row in rows] == ["3 s", "not in time"]
    assert [row[10].partition(", ")[2] for row in rows] == ["seed 1", "seeds 1 to 3"]
    assert [row[11] for row in rows] == ["1 |", "1 |"]
    assert place.read_text().startswith("before\n")
    assert place.read_text().endswith("after\n")
