"""Live pages of failure groups: sent again on change, 304 otherwise."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.operations import actions
from messaging.operations.models import FailureGroup, GroupState
from messaging.operations.permissions import Actor
from tests.factories import client_with
from tests.messaging.operations.desk import GROUPS, dead

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(no_broker):
    return client_with("view_message", "view_failedtask", "view_failuregroup", "retry_message")


def etag_of(page: str) -> str:
    found = re.search(r'"If-None-Match": "\\"(\w+)\\""', page)
    assert found
    return f'"{found[1]}"'


def refresh_url_of(page: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("query", ["", "?is=all&queue=maintenance"])
def test_the_list_is_sent_again_only_when_it_has_changed(operator, query):
    message = dead()
    # "3 hours ago" stays the same during the test; "now" would not.
    long_ago = timezone.now() - timedelta(hours=3, minutes=30)
    FailureGroup.objects.update(first_seen=long_ago, last_seen=long_ago)
    page = operator.get(GROUPS + query).content.decode()
    assert 'hx-trigger="every 5s"' in page
    url, etag = refresh_url_of(page), etag_of(page)
    assert url.endswith(f"live/{query}")
    unchanged = operator.get(url, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    actions.set_group_state(fingerprint=message.fingerprint, state=GroupState.ACKNOWLEDGED, actor=Actor.system("ann"))
    changed = operator.get(url, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert "acknowledged" in changed.content.decode()
    assert etag_of(changed.content.decode()) != etag


def test_the_live_part_of_a_group_has_its_numbers_but_not_its_forms(operator):
    message = dead()
    page = operator.get(f"{GROUPS}{message.fingerprint}/change/").content.decode()
    url, etag = refresh_url_of(page), etag_of(page)
    assert operator.get(url, headers={"If-None-Match": etag}).status_code == 304
    dead()
    changed = operator.get(url, headers={"If-None-Match": etag}).content.decode()
    assert "2 dead now" in changed
    assert "<form" not in changed
    assert "<form" in page


def test_without_scripts_the_page_is_complete_and_has_a_refresh_link(operator):
    dead()
    page = operator.get(GROUPS).content.decode()
    assert 'id="result_list"' in page
    assert ">Refresh</a>" in page


def test_the_live_parts_require_the_view_permission(no_broker):
    message = dead()
    stranger = client_with("view_message")
    for path in ("live/", f"{message.fingerprint}/live/"):
        assert stranger.get(GROUPS + path).status_code == 403
