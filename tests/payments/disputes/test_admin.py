"""Admin pages of disputes."""

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from payments.models import Dispute, DisputeStatus, GatewayDispute, GatewayEvent
from tests.auditing import broken
from tests.delivery import deliver_due
from tests.factories import client_with
from tests.payments.disputes.disputing import delivered, disputed, report

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/payments/dispute/"
VIEW = ("view_dispute", "view_order", "view_payment")


def asked(client: Client, answer: str) -> str:
    """The evidence that the page says it is about."""
    return str(client.get(answer).context["form"]["asked"].value())


def test_undecided_disputes_are_listed_with_the_nearest_deadline_first_and_links_to_their_orders():
    first, second, closed = [disputed(delivered()) for _ in range(3)]
    Dispute.objects.filter(pk=second.pk).update(evidence_due_at=timezone.now())
    Dispute.objects.filter(pk=closed.pk).update(status=DisputeStatus.WON, closed_at=timezone.now())
    shown = client_with(*VIEW).get(LIST).text
    assert shown.index(second.gateway_id) < shown.index(first.gateway_id)
    assert closed.gateway_id not in shown
    assert f"/admin/orders/order/{first.payment.order_id}/passport/" in shown
    assert closed.gateway_id in client_with(*VIEW).get(LIST, {"decided": "all"}).text


@pytest.mark.parametrize(
    ("is_inquiry", "kind", "funds"),
    [(False, "Dispute", "Taken from the shop&#x27;s balance"), (True, "Inquiry", "Not taken")],
)
def test_the_page_says_in_words_whether_the_bank_has_taken_money_or_only_asks(is_inquiry, kind, funds):
    """A help text that says so, beside a red cross, said the opposite of what was meant."""
    dispute = disputed(delivered(), is_inquiry=is_inquiry)
    page = client_with(*VIEW).get(f"{LIST}{dispute.pk}/change/").text
    assert f'<div class="readonly">{kind}</div>' in page
    assert f'<div class="readonly">{funds}</div>' in page
    assert "icon-no.svg" not in page
    assert f'<td class="field-kind">{kind}</td>' in client_with(*VIEW).get(LIST).text


@pytest.mark.parametrize("query", ["q=x", "q=CV-01234-56789", "decided=x", "status__exact=lost", "o=1", "p=7"])
def test_any_query_is_answered(query):
    disputed(delivered())
    assert client_with(*VIEW).get(f"{LIST}?{query}", follow=True).status_code == 200


def test_a_dispute_is_marked_as_answered_with_a_note_in_both_histories():
    dispute = disputed(delivered())
    client = client_with(*VIEW, "answer_dispute")
    change, answer = f"{LIST}{dispute.pk}/change/", f"{LIST}{dispute.pk}/answer/"
    assert answer in client.get(change).text
    form = {"asked": asked(client, answer)}
    assert "required" in client.post(answer, form | {"note": ""}).text
    for _click in range(2):
        shown = client.post(answer, form | {"note": "sent the label"}, follow=True).text
        assert "Dispute marked as answered." in shown
    assert LogEntry.objects.count() == 2
    assert "Nothing was changed" in client.post(answer, form | {"note": "again"}, follow=True).text
    assert answer not in client.get(change).text
    logged = LogEntry.objects.values_list("object_id", "change_message")
    text = f"Dispute {dispute.gateway_id} marked as answered: sent the label"
    assert set(logged) == {(str(dispute.pk), text), (str(dispute.payment.order_id), text)}


def test_a_page_of_an_inquiry_does_not_answer_the_dispute_that_it_has_become():
    dispute = disputed(delivered(), is_inquiry=True)
    client, answer = client_with(*VIEW, "answer_dispute"), f"{LIST}{dispute.pk}/answer/"
    stale = {"asked": asked(client, answer), "note": "sent the label"}
    GatewayDispute.objects.update(is_inquiry=False)
    report(dispute.payment.order, dispute.gateway_id)
    deliver_due()
    shown = client.post(answer, stale, follow=True).text
    assert "The bank has asked for other evidence since you opened this page. Nothing was changed." in shown
    assert list(Dispute.objects.to_answer()) == [dispute]
    assert not LogEntry.objects.exists()
    client.post(answer, stale | {"asked": asked(client, answer)})
    assert not Dispute.objects.to_answer().exists()


def test_an_inquiry_is_called_one_while_it_is_marked_as_answered():
    dispute = disputed(delivered(), is_inquiry=True)
    client, answer = client_with(*VIEW, "answer_dispute"), f"{LIST}{dispute.pk}/answer/"
    assert "The inquiry about <strong>" in client.get(answer).text
    form = {"asked": asked(client, answer), "note": "sent the label"}
    for _click in range(2):
        assert "Inquiry marked as answered." in client.post(answer, form, follow=True).text
    text = f"Inquiry {dispute.gateway_id} marked as answered: sent the label"
    assert set(LogEntry.objects.values_list("change_message", flat=True)) == {text}
    assert "The inquiry needs no answer any more." in client.post(answer, form | {"note": "again"}, follow=True).text


@pytest.mark.parametrize("asked", [{}, {"asked": ""}, {"asked": "x" * 200}])
def test_a_form_that_does_not_say_what_it_answers_answers_nothing(asked):
    dispute = disputed(delivered())
    client = client_with(*VIEW, "answer_dispute")
    assert client.post(f"{LIST}{dispute.pk}/answer/", {"note": "sent"} | asked).status_code == 200
    assert list(Dispute.objects.to_answer()) == [dispute]


def test_a_dispute_is_titled_by_its_number_and_its_status_in_words():
    dispute = disputed(delivered())
    page = client_with(*VIEW).get(f"{LIST}{dispute.pk}/change/").text
    assert page.split("<h2>")[1].split("</h2>")[0] == f"{dispute.gateway_id} needs response"


def test_marking_needs_its_permission():
    dispute = disputed(delivered())
    client = client_with(*VIEW)
    assert client.get(f"{LIST}{dispute.pk}/answer/").status_code == 403
    assert client.post(f"{LIST}{dispute.pk}/answer/", {"note": "x"}).status_code == 403
    assert f"{LIST}{dispute.pk}/answer/" not in client.get(f"{LIST}{dispute.pk}/change/").text


def test_the_passport_shows_disputes():
    dispute = disputed(delivered())
    client = client_with(*VIEW, "view_shipment", "view_message", "view_stockmovement")
    shown = client.get(f"/admin/orders/order/{dispute.payment.order_id}/passport/").text
    assert dispute.gateway_id in shown


def test_the_command_disputes_and_decides(settings, capsys):
    settings.CONVEYOR_DEMO = True
    order = delivered()
    call_command("dispute", order.number)
    deliver_due()
    assert Dispute.objects.get().status == DisputeStatus.NEEDS_RESPONSE
    with pytest.raises(CommandError, match="Nothing is left to dispute"):
        call_command("dispute", order.number)
    call_command("dispute", order.number, "--decide", "lost")
    deliver_due()
    assert Dispute.objects.get().status == DisputeStatus.LOST
    opened, decided = capsys.readouterr().out.splitlines()
    assert (opened.endswith(f"{order.number}: needs response."), decided.endswith(f"{order.number}: lost.")) == (
        True,
        True,
    )
    with pytest.raises(CommandError, match="has ended already; nothing was changed"):
        call_command("dispute", order.number, "--decide", "won")
    assert broken() == {}


@pytest.mark.parametrize("arguments", [[], ["--decide", "lost"]])
def test_the_command_that_is_stopped_before_its_event_can_be_run_again(settings, arguments):
    settings.CONVEYOR_DEMO = True
    order = delivered()
    if arguments:
        call_command("dispute", order.number)
        deliver_due()

    def stop(execute, statement, *rest):
        if statement.startswith(f'INSERT INTO "{GatewayEvent._meta.db_table}"'):
            raise KeyboardInterrupt
        return execute(statement, *rest)

    with connection.execute_wrapper(stop), pytest.raises(KeyboardInterrupt):
        call_command("dispute", order.number, *arguments)
    call_command("dispute", order.number, *arguments)
    deliver_due()
    assert Dispute.objects.get().status == (DisputeStatus.LOST if arguments else DisputeStatus.NEEDS_RESPONSE)


@pytest.mark.parametrize(("is_demo", "arguments", "error"), [
    (False, ["CV-1"], "demo mode"),
    (True, ["CV-1"], "was captured"),
])  # fmt: skip
def test_the_command_says_why_it_cannot(settings, is_demo, arguments, error):
    settings.CONVEYOR_DEMO = is_demo
    with pytest.raises(CommandError, match=error):
        call_command("dispute", *arguments)
