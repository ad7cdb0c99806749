"""The second of two clicks on a button of a failure group."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from tests.factories import client_with
from tests.messaging.operations.desk import ALL_PERMISSIONS, body, failed_task

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator():
    return client_with(*ALL_PERMISSIONS)


def test_the_second_of_two_clicks_on_a_group_s_buttons_reads_no_false_answer(operator):
    fingerprint = failed_task().fingerprint
    state = reverse("admin:operations_failuregroup_state", args=[fingerprint])
    for wanted, text in (("acknowledged", "Group acknowledged."), ("resolved", "Group resolved.")):
        assert text in body(operator.post(state, {"state": wanted}, follow=True))
        assert list(operator.post(state, {"state": wanted}, follow=True).context["messages"]) == []
    assert "cannot become" in body(operator.post(state, {"state": "acknowledged"}, follow=True))
    discard = reverse("admin:operations_failuregroup_discard", args=[fingerprint])
    form = {"until": timezone.now().isoformat(), "reason": "test"}
    assert "1 task discarded." in body(operator.post(discard, form, follow=True))
    logged = LogEntry.objects.count()
    again = operator.post(discard, form, follow=True)
    assert [(each.level_tag, str(each)) for each in again.context["messages"]] == [("warning", "0 tasks discarded.")]
    assert LogEntry.objects.count() == logged
