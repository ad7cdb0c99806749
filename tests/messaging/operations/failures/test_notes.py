"""Notes of failure groups that two operators write at once, or of which one is deleted meanwhile."""

import pytest
from django.test import Client
from django.urls import reverse

from messaging.operations.models import FailureGroup
from tests.api.client import operator as api_operator
from tests.api.client import post, problem
from tests.factories import client_with
from tests.messaging.operations.desk import dead
from tests.races import meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> Client:
    return client_with("view_failedtask", "view_failuregroup", "retry_message")


def test_a_page_opened_before_a_colleagues_note_shows_both_and_replaces_it_when_saved_again(operator):
    group = FailureGroup.objects.get(pk=dead().fingerprint)
    url = reverse("admin:operations_failuregroup_note", args=[group.pk])
    seen = (
        operator.get(reverse("admin:operations_failuregroup_change", args=[group.pk])).context["form"]["seen"].value()
    )
    operator.post(url, {"note": "call the bank", "runbook": "", "seen": seen})
    shown = operator.post(url, {"note": "write to the bank", "runbook": "", "seen": seen})
    assert "The note was changed after you opened this page: “call the bank” (–)." in shown.text
    assert "write to the bank</textarea>" in shown.text
    group.refresh_from_db()
    assert group.note == "call the bank"
    operator.post(url, {"note": "write to the bank", "runbook": "", "seen": shown.context["form"]["seen"].value()})
    group.refresh_from_db()
    assert group.note == "write to the bank"


@pytest.mark.parametrize(("page", "data"), [("note", {"note": "call the bank"}), ("state", {"state": "resolved"})])
def test_a_group_that_is_deleted_while_its_form_is_sent_is_not_found(operator, page, data):
    group = FailureGroup.objects.get(pk=dead().fingerprint)
    with meanwhile(FailureGroup.objects.all().delete, table="operations_failuregroup"):
        response = operator.post(reverse(f"admin:operations_failuregroup_{page}", args=[group.pk]), data)
    assert response.status_code == 404


def test_the_api_does_not_find_a_group_that_is_deleted_meanwhile():
    group, token = FailureGroup.objects.get(pk=dead().fingerprint), api_operator()
    with meanwhile(FailureGroup.objects.all().delete, table="operations_failuregroup"):
        problem(post(f"/failure-groups/{group.pk}/resolve/", token=token), 404)
