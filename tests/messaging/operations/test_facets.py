"""Facets of failed tasks: counts within all other filters, by one statement."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.operations.failures import facets
from messaging.operations.models import FailureGroup
from tests.factories import client_with
from tests.messaging.operations.bulk_retry.dead import dead as bare
from tests.messaging.operations.desk import LIST

pytestmark = pytest.mark.django_db(transaction=True)
BANK = {"queue": "payments", "task": "payments.charge", "error_type": "bank.Away", "fingerprint": "f-bank"}
BUG = {"queue": "payments", "task": "payments.refund", "error_type": "Bug", "fingerprint": "f-bug"}
MAIL = {"queue": "notifications", "task": "orders.mail", "error_type": "Bug", "fingerprint": "f-mail"}


@pytest.fixture
def operator(no_broker):
    return client_with("view_message", "view_failedtask")


@pytest.fixture(autouse=True)
def failures(db, time_machine) -> None:
    """Five failures of the bank, two of them old; two bugs in refunds; one in an e-mail. It stays the same day."""
    time_machine.move_to("2026-03-02 12:00+00:00", tick=False)
    long_ago = timezone.now() - timedelta(days=20)
    dead(BANK, 3, error_message="no answer")
    dead(BANK, 2, finished_at=long_ago, error_message="no answer")
    dead(BUG, 2, error_message="no sum")
    dead(MAIL, 1, error_message="no address")


def dead(kind: dict, count: int, **changes) -> None:
    bare(count, **kind | changes)
    group, _created = FailureGroup.objects.get_or_create(
        pk=kind["fingerprint"],
        defaults={**{k: v for k, v in kind.items() if k != "fingerprint"}, "first_seen": timezone.now(),
                  "last_seen": timezone.now()},
    )  # fmt: skip
    group.dead_count += count
    group.save()


def facet(client, parameter: str, **chosen) -> dict[str, str]:
    """The values of a facet with their counts, as displayed."""
    changelist = client.get(LIST, chosen).context["cl"]
    spec = next((one for one in changelist.filter_specs if getattr(one, "parameter_name", "") == parameter), None)
    if spec is None:
        return {}
    return {value: label.rpartition("(")[2].rstrip(")") for value, label in spec.lookup_choices}


def test_without_filters_all_dead_tasks_are_counted(operator):
    assert facet(operator, "queue") == {"payments": "7", "notifications": "1"}
    assert facet(operator, "error_type") == {"bank.Away": "5", "Bug": "3"}


def test_a_facet_counts_within_the_others_but_not_within_itself(operator):
    chosen = {"queue": "payments"}
    assert facet(operator, "error_type", **chosen) == {"bank.Away": "5", "Bug": "2"}
    assert facet(operator, "queue", **chosen) == {"payments": "7", "notifications": "1"}
    assert facet(operator, "task", queue="payments", error_type="Bug") == {"payments.refund": "2"}


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"age": "week"}, {"bank.Away": "3", "Bug": "3"}),
        ({"age": "older"}, {"bank.Away": "2"}),
        ({"age": "week", "queue": "payments"}, {"bank.Away": "3", "Bug": "2"}),
        ({"q": "answer"}, {"bank.Away": "5"}),
        ({"q": "no", "age": "older"}, {"bank.Away": "2"}),
        ({"from": "2000-01-01", "to": "2000-12-31"}, {}),
        ({"is": "succeeded"}, {}),
        ({"is": "all"}, {"bank.Away": "5", "Bug": "3"}),
    ],
)
def test_age_date_state_and_search_narrow_the_counts(operator, chosen, found):
    assert facet(operator, "error_type", **chosen) == found


def test_a_selected_value_is_listed_even_if_nothing_matches(operator):
    assert facet(operator, "queue", queue="shipping", age="week")["shipping"] == "0"
    assert facet(operator, "group", group="gone", age="week")["gone"] == "0"


def test_a_count_equals_that_of_the_filtered_list(operator):
    chosen = {"age": "week", "q": "no"}
    for parameter in ("queue", "task", "error_type", "group"):
        for value, count in facet(operator, parameter, **chosen).items():
            assert operator.get(LIST, chosen | {parameter: value}).context["cl"].result_count == int(count)


@pytest.mark.parametrize(
    "chosen", [{}, {"queue": "payments"}, {"age": "week", "queue": "payments", "error_type": "Bug"}]
)
def test_all_facets_together_cost_one_statement(operator, chosen, django_assert_max_num_queries):
    with django_assert_max_num_queries(11):  # on PostgreSQL one of them begins the snapshot
        operator.get(LIST, chosen)


@pytest.mark.parametrize("label", ["today", "yesterday", "7 days", "30 days"])
def test_a_range_of_days_is_one_click_away(operator, label):
    (choice,) = (
        operator.get(LIST, {"queue": "payments"})
        .context["cl"]
        .filter_specs[2]
        .choices(operator.get(LIST, {"queue": "payments"}).context["cl"])
    )
    shortcut = next(one for one in choice["ranges"] if one["label"] == label)
    assert "queue=payments" in shortcut["query_string"]
    page = operator.get(LIST + shortcut["query_string"])
    assert page.context["cl"].result_count == {"yesterday": 0, "30 days": 7}.get(label, 5)
    assert f'aria-current="true">{label}</a>' in page.content.decode()


def test_counts_of_a_very_common_search_word_are_capped(operator, monkeypatch):
    monkeypatch.setattr(facets, "AT_MOST", 4)
    page = operator.get(LIST, {"q": "no"})
    assert page.context["cl"].result_count == 4
    assert page.context["at_most"]
    assert sum(int(count) for count in facet(operator, "queue", q="no").values()) == 4
    narrowed = operator.get(LIST, {"q": "no", "queue": "notifications"}).context["cl"]
    assert [row.queue for row in narrowed.result_list] == ["notifications"]
    assert "at_most" not in operator.get(LIST, {"q": "address"}).context
