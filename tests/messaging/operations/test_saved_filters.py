"""Saved filters: named links above a list, own and shared."""

from typing import Any
from urllib.parse import parse_qs

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from messaging import redaction
from messaging.operations import actions
from messaging.operations.actions.saved_filters import MOST_SAVED, normalized
from messaging.operations.admin.saved_filters import links as links_above
from messaging.operations.models import AuditEntry, FilteredList, SavedFilter
from messaging.operations.permissions import Actor
from shop.models import User
from tests.factories import client_with
from tests.messaging.operations.desk import LIST, body

pytestmark = pytest.mark.django_db
ANN, BOB = Actor.system("ann"), Actor.system("bob")
SAVE = "/admin/operations/savedfilter/save/"


def save(**changes: Any) -> SavedFilter:
    given: dict[str, Any] = {
        "page": FilteredList.FAILED_TASKS,
        "name": "carrier",
        "query": "queue=shipping",
        "shared": False,
    }
    return actions.save_filter(**{"actor": ANN} | given | changes)


def viewer(*more: str):
    return client_with("view_failedtask", *more)


def links(client, query: str = "") -> list[str]:
    return [str(saved) for saved, _own in client.get(LIST + query).context["saved_filters"]]


def remove_url(saved: SavedFilter) -> str:
    return reverse("admin:operations_savedfilter_remove", args=[saved.pk])


def test_an_operator_saves_the_filter_of_a_list_and_finds_it_above_the_list():
    client = viewer()
    posted = {"page": "operations_failedtask", "name": " carrier\tis down ", "query": "queue=shipping&p=3&age=day"}
    assert client.post(SAVE, posted).url == f"{LIST}?age=day&queue=shipping"
    page = body(client.get(LIST + "?queue=shipping&age=day"))
    assert '<a href="?age=day&amp;queue=shipping"' in page
    assert "carrier is down" in page
    assert 'aria-current="true"' in page.partition('class="desk-saved"')[2].partition("carrier is down")[0]


def test_others_see_a_filter_only_if_it_is_shared():
    save(name="own")
    save(name="for all", shared=True)
    assert links(viewer()) == ["for all"]


def test_a_filter_belongs_to_one_list():
    save(page=FilteredList.MESSAGES, shared=True)
    assert links(viewer()) == []


def test_the_same_name_replaces_the_filter():
    save()
    save(query="queue=payments")
    assert SavedFilter.objects.get().query == "queue=payments"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " \x00 "},
        {"name": "x" * 61},
        {"query": ""},
        {"query": "p=2"},
        {"query": "q=" + "x" * 1000},
        {"query": "&".join(f"a{number}=1" for number in range(50))},
    ],
)
def test_what_cannot_be_saved_is_refused(wrong):
    with pytest.raises(actions.FilterRefused):
        save(**wrong)
    assert not AuditEntry.objects.exists()


def test_a_filter_too_long_for_an_address_is_refused_in_words():
    posted = {"page": "operations_failedtask", "name": "a", "query": "q=" + "x" * 20_000}
    response = viewer().post(SAVE, posted, follow=True)
    assert response.redirect_chain == [(LIST, 302)]
    assert "Not saved: the name or the filter is too long." in body(response)


def test_an_operator_saves_a_bounded_number():
    for number in range(MOST_SAVED):
        save(name=str(number))
    with pytest.raises(actions.FilterRefused):
        save(name="one more")
    save(name="7", query="queue=payments")
    save(name="one more", actor=BOB)


def test_a_list_shows_a_bounded_number(monkeypatch):
    monkeypatch.setattr(links_above, "MOST_SHOWN", 2)
    for name in ("a", "b", "c"):
        save(name=name, shared=True)
    assert links(viewer()) == ["a", "b"]


def test_those_that_others_share_hide_none_of_the_operator_s_own(monkeypatch):
    """Otherwise it could be neither used nor deleted, and would count against the operator's bound."""
    monkeypatch.setattr(links_above, "MOST_SHOWN", 2)
    client = viewer()
    for name in ("a", "b", "c"):
        save(name=name, shared=True)
    save(name="own", actor=Actor.system(User.objects.latest("pk").username))
    assert links(client) == ["own", "a"]


def test_only_the_owner_deletes_a_filter():
    saved, client = save(shared=True), viewer()
    assert f'action="{remove_url(saved)}"' not in body(client.get(LIST))
    assert client.post(remove_url(saved)).status_code == 403
    assert client.post(remove_url(save(name="not shared"))).status_code == 404
    assert SavedFilter.objects.count() == 2
    actions.delete_filter(id_=saved.pk, actor=ANN)
    assert SavedFilter.objects.get().name == "not shared"


def test_the_second_of_two_clicks_on_delete_shows_the_list():
    client = viewer("delete_savedfilter")
    saved = save(shared=True)
    assert '<input type="hidden" name="page" value="operations_failedtask" />' in body(client.get(LIST))
    answers = [client.post(remove_url(saved), {"page": "operations_failedtask"}) for _click in range(2)]
    assert [(answer.status_code, answer.url.partition("?")[0]) for answer in answers] == [(302, LIST)] * 2
    assert client.post(remove_url(saved), {"page": "auth_user"}).status_code == 404


def test_who_may_delete_filters_deletes_those_that_others_share():
    """As those of an operator who has left; what others have not shared stays out of sight."""
    shared, own = save(shared=True), save(name="not shared")
    client = viewer("delete_savedfilter")
    assert f'action="{remove_url(shared)}"' in body(client.get(LIST))
    assert client.post(remove_url(shared)).status_code == 302
    assert client.post(remove_url(own)).status_code == 404
    assert list(SavedFilter.objects.all()) == [own]
    entry = AuditEntry.objects.get(action="delete filter")
    assert (entry.data["name"], entry.data["owner"]) == ("carrier", "ann")
    assert entry.actor != "ann"
    assert LogEntry.objects.get().object_id == str(shared.pk)


def test_sharing_requires_the_permission_to_retry():
    client = viewer()
    posted = {"page": "operations_failedtask", "name": "a", "query": "queue=shipping", "shared": "on"}
    assert client.post(SAVE, posted).status_code == 403
    assert "Share with all operators" not in body(client.get(LIST + "?queue=shipping"))
    assert viewer("retry_message").post(SAVE, posted).status_code == 302
    assert SavedFilter.objects.get().shared


def test_a_filter_requires_the_permission_to_view():
    with pytest.raises(PermissionDenied):
        save(actor=Actor(name="eve", may=lambda codename: False))
    assert (
        client_with("view_message").post(SAVE, {"page": "messaging_message", "name": "a", "query": "q=1"}).status_code
        == 403
    )


@pytest.mark.parametrize("id_", ["0", "9" * 40])
def test_an_unknown_filter_is_not_found(id_):
    assert viewer().post(f"/admin/operations/savedfilter/{id_}/remove/").status_code == 404


def test_an_unknown_list_is_not_found():
    assert viewer().post(SAVE, {"page": "auth_user", "name": "a", "query": "q=1"}).status_code == 404


def test_a_filter_that_cannot_be_saved_says_why():
    response = viewer().post(
        SAVE, {"page": "operations_failedtask", "name": "", "query": "queue=shipping"}, follow=True
    )
    assert "the filter needs a name" in body(response)


def test_a_name_is_text_and_not_markup():
    save(name="<b>x</b>", shared=True)
    assert "<b>x</b>" not in body(viewer().get(LIST))


def test_saving_and_deleting_are_audited():
    actions.delete_filter(id_=save().pk, actor=ANN)
    deleted, saved = AuditEntry.objects.order_by("-id")
    assert (saved.action, deleted.action) == ("save filter", "delete filter")
    assert saved.data == {
        "list": "operations_failedtask",
        "name": "carrier",
        "filter": "queue=shipping",
        "shared": False,
    }


@pytest.mark.parametrize("query", ["q=%FF&is=all", "q=%00", "a=b=c&&", "q=%F0%9F%9A%9A"])
def test_any_query_has_one_spelling(query):
    once = normalized(query)
    assert normalized(once) == once
    assert parse_qs(once)


def test_a_filter_that_names_an_erased_person_is_deleted():
    save(name="by e-mail", query="q=jane%40example.com", shared=True)
    save(name="by name", query="q=Jane+Doe&queue=shipping", actor=BOB)
    save(name="Jane Doe", query="queue=payments")
    kept = save(name="carrier")
    redaction.redact_elsewhere(redactor=redaction.Redactor(["jane@example.com", "Jane Doe"]))
    assert list(SavedFilter.objects.all()) == [kept]
    assert not [entry for entry in AuditEntry.objects.all() if "jane" in str(entry.data).lower()]
