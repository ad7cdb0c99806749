"""Return pages of an order, and the operators' page in the admin."""

import uuid
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from orders.models import Order
from shop.models import Return, ReturnStatus
from shop.order_pages.selectors import unfinished_orders_of
from shop.returns import views
from shop.returns.services import MOST_LINES
from tests.delivery import deliver_all
from tests.factories import UserFactory, client_with, place
from tests.shop.returns.returned import delivered, operator_client, receive, requested, with_lines

pytestmark = pytest.mark.django_db(transaction=True)


def shown(order: Order, path: str = "") -> str:
    return " ".join(Client().get(f"/orders/{order.public_id}/{path}").content.decode().split())


def form(order: Order, *pieces: int, **changes: Any) -> dict[str, Any]:
    counts = {f"line-{line.pk}": n for line, n in zip(order.lines.all(), pieces, strict=False)}
    return {"request_id": str(uuid.uuid4()), "reason": "damaged", "comment": ""} | counts | changes


def ask(order: Order, sent: dict[str, Any]) -> Any:
    return Client().post(f"/orders/{order.public_id}/return/", sent)


def test_a_return_is_requested_on_the_orders_page_and_followed_there():
    order = delivered()
    assert "Return items" in shown(order)
    assert ask(order, form(order, 1, 1)).status_code == 302
    page = shown(order)
    assert "We are e-mailing you how to send the items back." in page
    assert 'hx-trigger="refresh"' in page  # until the label is there
    deliver_all()
    page = shown(order)
    found = Return.objects.get()
    for words in (found.number, "hand it to Swiftpost", found.tracking_number, "Cancel return", "label.pdf"):
        assert words in page, words
    assert 'hx-trigger="refresh"' not in page
    receive(found)
    assert "€25.00 is on its way back to you." in shown(order)
    deliver_all()
    assert "€25.00 refunded." in shown(order)


def test_an_order_of_a_thousand_lines_is_returned_in_parts_that_operators_can_receive():
    order = with_lines(1000)
    sent = form(order, *[1] * MOST_LINES)
    assert ask(order, sent).status_code == 302
    found = Return.objects.get()
    assert found.lines.count() == MOST_LINES
    answer = operator_client().post(f"/admin/orders/order/{order.pk}/returns/", received(found))
    assert answer.status_code == 302
    fields = shown(order, "return/").count('name="line-')
    assert fields == MOST_LINES


def received(found: Return) -> dict[str, Any]:
    """What an operator sends who rejects it."""
    prefix, sent = f"return-{found.pk}", {"return": str(found.pk)}
    for line in found.lines.all():
        fields = {"accepted": "0", "restocked": "0", "condition": "missing"}
        sent |= {f"{prefix}-{name}-{line.pk}": value for name, value in fields.items()}
    return sent | {f"{prefix}-rejection": "Nothing came."}


@pytest.mark.parametrize("pieces", [(1, 0), (2, 0), (2, 1)])
def test_a_double_click_is_one_return(pieces):
    order = delivered()
    sent = form(order, *pieces)
    assert [ask(order, sent).status_code for _ in range(2)] == [302, 302]
    assert Return.objects.count() == 1


@pytest.mark.parametrize("read", ["_repeated", "return_until"])
def test_a_click_that_ends_between_two_reads_of_the_next_is_one_return(monkeypatch, read):
    order, original = delivered(), getattr(views, read)
    sent, answers = form(order, *[line.quantity for line in order.lines.all()]), []

    def interrupted(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(views, read, original)
        found = original(*arguments, **named)
        answers.append(ask(order, sent).status_code)
        return found

    monkeypatch.setattr(views, read, interrupted)
    answers.append(ask(order, sent).status_code)
    assert answers == [302, 302]
    assert Return.objects.count() == 1


def test_a_form_that_is_sent_again_after_its_return_was_cancelled_requests_nothing():
    order = delivered()
    sent = form(order, 1, 0)
    ask(order, sent)
    Client().post(f"/orders/{order.public_id}/returns/{Return.objects.get().pk}/cancel/")
    ask_again = Client().post(f"/orders/{order.public_id}/return/", sent, follow=True)
    assert "is already cancelled. Nothing was changed." in ask_again.content.decode()
    assert Return.objects.get().status == ReturnStatus.CANCELLED


@pytest.mark.parametrize(
    ("pieces", "changes"),
    [
        ((0, 0), {}), ((3, 0), {}), ((-1, 1), {}), ((1, 0), {"reason": "none"}), ((1, 0), {"request_id": "x"}),
        ((1, 0), {"comment": "x" * 1001}), ((1, 0), {"comment": "\x00"}), (("½", 0), {}),
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused(pieces, changes):
    order = delivered()
    assert ask(order, form(order, *pieces, **changes)).status_code == 200
    assert not Return.objects.exists()


def test_a_choice_that_another_return_has_taken_meanwhile_is_refused_and_not_dropped():
    order = delivered()
    requested(order, pieces=(2, 0))
    response = ask(order, form(order, 2, 1))
    assert response.status_code == 200
    assert "2 is not one of the available choices" in response.content.decode()
    assert Return.objects.count() == 1


def test_what_cannot_be_returned_is_said():
    order, undelivered = delivered(), place()
    assert Client().get(f"/orders/{undelivered.public_id}/return/").status_code == 409
    assert "it is not delivered yet" in shown(undelivered, "return/")
    assert "Return items" not in shown(undelivered)
    requested(order)
    assert 'id="return"' not in shown(order)
    assert "Everything in this order is already being returned." in shown(order, "return/")


def test_a_shopper_cancels_a_return_until_it_is_received():
    order = delivered()
    first, second = requested(order, pieces=(1, 0)), requested(order, pieces=(1, 0))
    receive(second)
    for found in (first, second):
        response = Client().post(f"/orders/{order.public_id}/returns/{found.pk}/cancel/", follow=True)
        assert response.status_code == 200
    assert "is already received" in response.content.decode()
    assert set(Return.objects.values_list("status", flat=True)) == {ReturnStatus.CANCELLED, ReturnStatus.RECEIVED}


@pytest.mark.parametrize(
    ("accepted", "introduction"), [((1, 1), "We could not accept the rest:"), ((0, 0), "we could not accept it:")]
)
def test_the_order_page_says_what_the_reason_of_a_refusal_is_about(accepted, introduction):
    order = delivered()
    receive(requested(order), accepted=accepted, rejection="Its lens is missing.")
    assert f"{introduction} Its lens is missing." in shown(order)


def test_the_label_can_be_downloaded_while_it_is_of_use():
    order, other = delivered(), delivered()
    found = requested(order)
    url = f"/orders/{order.public_id}/returns/{found.pk}/label.pdf"
    assert Client().get(url).status_code == 404
    deliver_all()
    response = Client().get(url)
    assert response.content.startswith(b"%PDF")
    assert "no-store" in response["Cache-Control"]
    assert Client().get(url.replace(order.public_id, other.public_id)).status_code == 404
    receive(found)
    assert Client().get(url).status_code == 404


def test_an_open_return_blocks_erasure():
    user = UserFactory.create()
    order = delivered(user=user)
    assert not unfinished_orders_of(user=user)
    found = requested(order)
    assert list(unfinished_orders_of(user=user)) == [order]
    receive(found)
    deliver_all()
    assert not unfinished_orders_of(user=user)


def test_delivery_page_says_how_to_return(settings):
    page = Client().get("/delivery/").content.decode()
    assert "within 14 days of delivery" in page


@pytest.mark.parametrize("price", [0, 490])
def test_delivery_page_promises_back_a_delivery_price_only_where_there_is_one(monkeypatch, price):
    monkeypatch.setattr("shop.checkout.shipping_options.shipping_price", lambda *, shipping_method: price)
    page = Client().get("/delivery/").content.decode()
    assert "we refund what you paid for the items." in page
    assert ("we also refund the price of standard delivery" in page) == bool(price)


# -- operators --------------------------------------------------------------------------------------------------------


def url(order: Order) -> str:
    return f"/admin/orders/order/{order.pk}/returns/"


def decision(found: Return, *accepted: Any, **changes: Any) -> dict[str, Any]:
    prefix = f"return-{found.pk}"
    data = {"action": "receive", "return": str(found.pk), f"{prefix}-rejection": changes.pop("rejection", "")}
    for line, count in zip(found.lines.all(), accepted, strict=True):
        data |= {f"{prefix}-{name}-{line.pk}": count for name in ("accepted", "restocked")}
    return data


def test_an_operator_receives_a_return_and_the_history_says_so():
    found = requested(delivered())
    client = operator_client()
    assert "Receive return" in client.get(url(found.order)).content.decode()
    response = client.post(url(found.order), decision(found, 2, 0, rejection="One was missing."), follow=True)
    text = f"Return {found.number} received. Refund of €25.00 started."
    assert text in response.content.decode()
    assert LogEntry.objects.get().get_change_message() == text
    found.refresh_from_db()
    assert found.status == ReturnStatus.RECEIVED


@pytest.mark.parametrize("price", [0, 490])
def test_an_operator_reads_of_a_delivery_price_only_where_there_is_one(monkeypatch, price):
    monkeypatch.setattr("shop.checkout.services.shipping_price", lambda *, shipping_method: price)
    found = requested(delivered())
    page = operator_client().get(url(found.order)).content.decode()
    assert "The accepted pieces are refunded automatically, at the price paid." in page
    assert ("so is standard delivery" in page) == bool(price)


def test_of_two_operators_the_second_reads_that_it_is_decided():
    found = requested(delivered())
    sent = decision(found, 2, 1)
    operator_client().post(url(found.order), sent)
    page = operator_client().post(url(found.order), sent, follow=True).content.decode()
    assert "is already received. Nothing was changed." in page
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("accepted", [("", 1), (9, 1), (-1, 1), ("x", 1), (1, 1)])
def test_a_wrong_decision_is_explained(accepted):
    found = requested(delivered())
    response = operator_client().post(url(found.order), decision(found, *accepted))
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    found.refresh_from_db()
    assert found.status == ReturnStatus.REQUESTED


def test_an_operator_cancels_a_return():
    found = requested(delivered())
    operator_client().post(url(found.order), {"action": "cancel", "return": str(found.pk)})
    found.refresh_from_db()
    assert found.status == ReturnStatus.CANCELLED
    assert LogEntry.objects.get().get_change_message() == f"Return {found.number} cancelled."


@pytest.mark.parametrize("action", ["receive", "cancel"])
def test_viewers_see_returns_and_decide_nothing(action):
    found = requested(delivered())
    client = client_with("view_order", "view_return")
    page = client.get(url(found.order)).content.decode()
    assert found.number in page
    assert "Receive return" not in page
    assert client.post(url(found.order), decision(found, 2, 1) | {"action": action}).status_code == 403
    assert client_with("view_order").get(url(found.order)).status_code == 403


@pytest.mark.parametrize("chosen", ["", "x", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_return_is_not_found(chosen):
    order = delivered()
    assert operator_client().post(url(order), {"action": "receive", "return": chosen}).status_code == 404


def test_the_list_shows_returns_and_finds_one_by_number():
    found, client = requested(delivered()), operator_client()
    other = requested(delivered())
    page = client.get(f"/admin/shop/return/?q={found.number.lower()}").content.decode()
    assert found.number in page
    assert other.number not in page
    assert url(found.order) in page
    assert url(found.order) in client.get(f"/admin/shop/return/{found.pk}/change/").content.decode()


def test_the_list_leads_only_where_its_reader_may_go():
    found = requested(delivered())
    own = f"/admin/shop/return/{found.pk}/change/"
    page = operator_client().get("/admin/shop/return/").content.decode()
    assert f'<a class="nowrap" href="{url(found.order)}">{found.number}</a>' in page
    client = client_with("view_return")
    for path in ("/admin/shop/return/", own):
        page = client.get(path).content.decode()
        assert f'<a class="nowrap" href="{own}">{found.number}</a>' in page
        assert found.order.number in page
        assert "/admin/orders/" not in page
