"""Circuits in the API: list and probe."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Circuit, State
from tests.api.client import dead, get, operator, post, problem

pytestmark = pytest.mark.django_db


def test_circuits_are_listed_and_an_open_one_is_probed():
    token = operator()
    shown = {row["name"]: row for row in get("/circuits/", token=token).json()["results"]}
    assert shown["gateway.simulated"] == {
        "name": "gateway.simulated",
        "state": "closed",
        "since": None,
        "waiting": 0,
        "probe_at": None,
        "last_error": "",
    }
    refused = post("/circuits/gateway.simulated/probe/", {}, token=token)
    assert problem(refused, 409)["type"].endswith("circuit-closed")
    assert post("/circuits/nothing/probe/", {}, token=token).status_code == 404
    now = timezone.now()
    Circuit.objects.create(pk="gateway.simulated", opened_at=now, probe_at=now + timedelta(hours=1), last_error="no")
    waiting = dead(state=State.PENDING, waits_for="gateway.simulated", available_at=now + timedelta(hours=1))
    answer = post("/circuits/gateway.simulated/probe/", {}, token=token).json()
    assert (answer["state"], answer["waiting"], answer["last_error"]) == ("open", 1, "no")
    waiting.refresh_from_db()
    assert waiting.available_at <= timezone.now()
