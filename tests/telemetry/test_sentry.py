"""Reports to Sentry: once, without personal data, and without waiting."""

import os
import socket
import subprocess
import sys
import time
import uuid

import psycopg
import pytest
from django.db import OperationalError

from config.telemetry.sentry import clean
from messaging import tracing
from messaging.operations.privacy.masking import MASK
from tests.patience import PATIENCE
from tests.stack.program import PROJECT
from tests.telemetry import sentry_server

TRACE = uuid.UUID("0af7651916cd43dd8448eb211c80319c")
#: A page that fails, and a line logged at the level of errors; neither needs a database.
PROGRAM = """
import logging, sys, types, django
from django.conf import settings
from django.urls import path

def fail(request, public_id):
    raise RuntimeError("no mail for sam@example.com")

def log_error():
    logging.getLogger("shop").error("order CV-2XTV3-MCB39 of sam@example.com is late")
    logging.getLogger("celery.app.trace").error("a delivery failed, which the ledger records")

urls = types.ModuleType("urls")
urls.urlpatterns = [path("orders/<slug:public_id>/", fail)]
sys.modules["urls"] = urls
django.setup()
settings.ROOT_URLCONF = "urls"
settings.MIDDLEWARE = ["messaging.tracing.TraceMiddleware"]
settings.ALLOWED_HOSTS = ["shop.example"]

from django.core.wsgi import get_wsgi_application
from wsgiref.util import setup_testing_defaults

environ = {
    "HTTP_HOST": "shop.example", "PATH_INFO": "/orders/q8ZtAcLkA1H3gDvo3kJ5Ww/", "QUERY_STRING": "token=secret",
    "HTTP_COOKIE": "sessionid=secret", "HTTP_TRACEPARENT": "00-@trace@-b7ad6b7169203331-01",
}
setup_testing_defaults(environ)
answer = get_wsgi_application()(environ, lambda status, headers: None)
list(answer)
answer.close()
log_error()
print("end", flush=True)
""".replace("@trace@", TRACE.hex)


def run(tmp_path, dsn):
    """Run the program. Returns how many seconds it took from its last line to its end."""
    env = os.environ | {
        "SENTRY_DSN": dsn, "SENTRY_ENVIRONMENT": "staging", "CONVEYOR_RELEASE": "r1", "CONVEYOR_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(PROJECT),
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=PROJECT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "end\n", program.communicate()[1]
        ended = time.monotonic()
        out, err = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0, err
    assert out == ""
    return time.monotonic() - ended


def test_an_unexpected_exception_is_reported_once_without_personal_data(tmp_path):
    with sentry_server.running() as server:
        run(tmp_path, server.dsn)
    failed, logged = server.events
    error = failed["exception"]["values"][-1]
    assert (error["type"], error["value"]) == ("RuntimeError", f"no mail for {MASK}@{MASK}")
    assert (failed["environment"], failed["release"]) == ("staging", "r1")
    assert failed["transaction"] == "/orders/{public_id}/"
    assert failed["request"]["url"] == "http://shop.example/orders/q8Zt…/"
    assert failed["tags"]["trace"] == TRACE.hex
    assert logged["logentry"]["message"] == f"order CV-2XTV3-MCB39 of {MASK}@{MASK} is late"
    for secret in ("secret", "q8ZtAcLk", "sam@example"):
        assert secret not in str(server.events)


@pytest.mark.parametrize("is_listening", [True, False], ids=["hangs", "refuses"])
def test_a_sentry_that_does_not_answer_holds_up_nothing(tmp_path, is_listening):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if is_listening:
            server.listen()
        seconds = run(tmp_path, f"http://public@127.0.0.1:{server.getsockname()[1]}/1")
    assert seconds < 20  # Sentry's own limit is 30 s a request


@pytest.mark.parametrize("kind", [OperationalError, RuntimeError])
def test_requests_that_meet_an_outage_of_the_database_are_not_reported_one_by_one(kind):
    error = kind("database is locked")
    error.__cause__ = psycopg.OperationalError("server closed the connection") if kind is OperationalError else None
    hint = {"exc_info": (kind, error, None)}
    assert (clean({"request": {"url": "http://a/"}}, hint) is None) == (kind is OperationalError)
    assert clean({"tags": {"message": "1"}}, hint) is not None, "a dead message is reported, whatever it died of"


def test_an_event_has_the_tags_of_its_chain_and_keeps_its_own():
    message = uuid.uuid4()
    with tracing.chain(tracing.Chain(TRACE, message)):
        event = clean({"tags": {"trace": "given"}, "user": {"id": 1}}, {})
    assert event == {"tags": {"trace": "given", "message": str(message)}, "extra": {}}


def test_whatever_is_in_an_event_is_masked():
    deep: dict = {}
    for _ in range(100):
        deep = {"deeper": deep}
    mail = "sam@example.com"
    event = clean(
        {
            "message": mail,
            "breadcrumbs": {"values": [{"message": mail, "data": {"to": (mail, 1)}}]},
            "exception": {"values": [{"value": mail}], "deep": deep},
            "extra": {"name": "Sam", "count": 1},
            "request": {"url": f"http://a/{mail}", "cookies": {"a": "b"}, "headers": {"X-Real-IP": "192.0.2.7"}},
        },
        {},
    )
    assert mail not in str(event)
    assert event["extra"] == {"name": MASK, "count": 1}
    assert event["request"] == {"method": None, "url": f"http://a/{MASK}@{MASK}", "headers": {}}
