"""Roles of processes, and what their logs and traces show of paths."""

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse

from config import processes
from config.telemetry.paths import private
from config.telemetry.role import role
from orders.models import new_public_id
from shop.models import User


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["manage.py", "relay", "--batch", "10"], "relay"),
        (["/shop/manage.py", "--verbosity=2", "audit"], "audit"),
        (["/venv/bin/celery", "-A", "config", "worker", "-Q", "payments"], "worker"),
        (["/venv/bin/celery", "worker", "--hostname=shipping@%h"], "worker-shipping"),
        (["/venv/lib/celery/__main__.py", "-A", "config", "beat"], "beat"),
        (["/venv/bin/gunicorn", "config.wsgi"], "web"),
        (["script.py"], "script"),
    ],
)
def test_the_command_line_names_the_role(arguments, expected):
    assert role(arguments) == expected


def test_each_process_of_the_shop_has_its_role():
    started = [*processes.workers(), processes.relay(), processes.beat(), processes.web()]
    roles = [role([word for word in process.command if "python" not in word]) for process in started]
    assert roles[:3] == ["worker-payments", "worker-shipping", "worker-notifications"]
    assert roles[3:5] == ["relay", "beat"]
    assert role(["/shop/config/serve.py", *processes.web().command[3:]]) == "web"


def test_links_that_open_somebodys_page_are_cut():
    for _ in range(50):
        public_id = new_public_id()
        for name in ("order", "order-cancel"):
            path = reverse(f"api:{name}", args=[public_id])
            assert private(path) == path.replace(public_id, f"{public_id[:4]}…")
    token = default_token_generator.make_token(User(pk=1, password="x"))
    assert token not in private(f"/account/reset/MQ/{token}/")


@pytest.mark.parametrize(
    "path",
    [
        "/products/a-bar-of-dark-chocolate-with-sea-salt/",
        "/admin/messaging/message/01a21e9f-5581-7944-b050-102508a1fb0b/change/",
        "/api/v1/products/DAR-001/",
        "/",
        "",
    ],
)
def test_other_paths_stay(path):
    assert private(path) == path


def test_a_long_path_is_cut():
    assert len(private("/x" * 10_000)) == 500
