"""Do the pages of the groups bring themselves up to date, and stay still while nothing has changed?"""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.operations import actions
from messaging.operations.models import FailureGroup, GroupState
from messaging.operations.permissions import Actor
from tests.messaging.operations.test_failure_pages import GROUPS
from tests.messaging.operations.test_message_admin import client_with, dead

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(no_broker):
    return client_with("view_message", "view_failedtask", "view_failuregroup", "retry_message")


def version(page: str) -> str:
    found = re.search(r'"If-None-Match": "\\"(\w+)\\""', page)
    assert found
    return f'"{found[1]}"'


def address(page: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("query", ["", "?is=all&queue=maintenance"])
def test_the_list_is_sent_again_only_when_something_has_changed(operator, query):
    message = dead()
    # "Three hours ago" stays the same for a while, other than "now".
    long_ago = timezone.now() - timedelta(hours=3, minutes=30)
    FailureGroup.objects.update(first_seen=long_ago, last_seen=long_ago)
    page = operator.get(GROUPS + query).content.decode()
    assert 'hx-trigger="every 5s"' in page
    again, seen = address(page), version(page)
    assert again.endswith(f"live/{query}")
    still = operator.get(again, headers={"If-None-Match": seen})
    assert (still.status_code, still.content) == (304, b"")
    actions.set_group_state(fingerprint=message.fingerprint, state=GroupState.ACKNOWLEDGED, actor=Actor.system("ann"))
    changed = operator.get(again, headers={"If-None-Match": seen})
    assert changed.status_code == 200
    assert "acknowledged" in changed.content.decode()
    assert version(changed.content.decode()) != seen


def test_a_group_s_numbers_and_history_are_sent_again_but_not_its_forms(operator):
    message = dead()
    page = operator.get(f"{GROUPS}{message.fingerprint}/change/").content.decode()
    again, seen = address(page), version(page)
    assert operator.get(again, headers={"If-None-Match": seen}).status_code == 304
    dead()
    changed = operator.get(again, headers={"If-None-Match": seen}).content.decode()
    assert "2 dead now" in changed
    assert "<form" not in changed
    assert "<form" in page


def test_without_scripts_the_page_has_everything_and_a_way_to_look_again(operator):
    dead()
    page = operator.get(GROUPS).content.decode()
    assert 'id="result_list"' in page
    assert ">Look again</a>" in page


def test_who_may_not_see_the_groups_is_not_told_how_they_stand(no_broker):
    message = dead()
    stranger = client_with("view_message")
    for path in ("live/", f"{message.fingerprint}/live/"):
        assert stranger.get(GROUPS + path).status_code == 403
