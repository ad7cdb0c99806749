"""TLS to the broker: certificate and host name are checked, on both brokers, by every kind of connection."""

from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from celery import Celery
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from messaging.broker import inspect, refusals, tls
from messaging.broker.settings import celery_settings
from messaging.relay import publish
from messaging.worker.consumer import Consumer
from tests.proxy import Proxy
from tests.stack.tls import PrivateCA

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return PrivateCA(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def secure_url(broker, authority):
    """A function: the broker's URL behind TLS with a certificate for `name`."""
    proxies = []

    def secure_url(name: str = "DNS:localhost") -> str:
        parts = urlsplit(broker.url)
        proxies.append(Proxy(parts.port, context=authority.issue(name)))
        login, _, _ = parts.netloc.rpartition("@")
        scheme = "amqps" if broker.is_amqp else "rediss"
        return parts._replace(scheme=scheme, netloc=f"{login}@localhost:{proxies[-1].port}").geturl()

    yield secure_url
    for proxy in proxies:
        proxy.close()


def app_for(url: str, **options) -> Celery:
    app = Celery("tls", set_as_current=False)
    app.config_from_object(celery_settings(url, topology=settings.MESSAGING, **options))
    return app


def refused_by(app: Celery) -> str:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the class depends on the broker's client
        publish.connect(app)
    return refusals.refusal(raised.value)


def test_an_unknown_authority_is_refused(secure_url):
    assert "certificate is not trusted" in refused_by(app_for(secure_url()))


def test_a_private_authority_is_accepted_by_setting_and_by_url(secure_url, authority):
    by_setting = app_for(secure_url(), ca_certs=str(authority.certificates))
    by_url = app_for(f"{secure_url()}?ssl_ca_certs={authority.certificates}")
    for app in (by_setting, by_url):
        publisher = publish.connect(app)
        publisher.connection.close()


def test_a_certificate_for_another_host_is_refused_unless_the_url_says_otherwise(secure_url, authority):
    url = secure_url("DNS:elsewhere.example")
    sentence = refused_by(app_for(url, ca_certs=str(authority.certificates)))
    assert "ostname mismatch" in sentence
    assert "host name that it was issued for" in sentence
    publish.connect(app_for(f"{url}?ssl_check_hostname=false", ca_certs=str(authority.certificates))).connection.close()
    publish.connect(app_for(f"{url}?ssl_cert_reqs=none")).connection.close()


def test_probes_and_workers_check_the_certificate_too(secure_url, authority, monkeypatch, caplog):
    url = secure_url()
    trusting, doubting = app_for(url, ca_certs=str(authority.certificates)), app_for(url)
    monkeypatch.setattr(inspect, "current_app", trusting)
    assert inspect.ask(lambda connection: True)
    monkeypatch.setattr(inspect, "current_app", doubting)
    assert inspect.ask(lambda connection: True) is None
    consumer = Consumer(lambda request: None, app=trusting, controller=SimpleNamespace(use_eventloop=False))
    consumer.ensure_connected(trusting.connection_for_read()).close()
    monkeypatch.setattr(consumer, "_sleep", lambda seconds: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        consumer.ensure_connected(doubting.connection_for_read())
    assert "worker waits: the broker's certificate is not trusted" in caplog.text


@pytest.mark.parametrize("scheme", ["amqps", "rediss"])
@pytest.mark.parametrize("option", ["ssl_ca_certs", "ssl_certfile"])
def test_a_missing_file_stops_the_start_with_a_sentence(scheme, option):
    with pytest.raises(ImproperlyConfigured, match=r"cannot be read: /nowhere\.pem"):
        tls.split(f"{scheme}://localhost/?{option}=/nowhere.pem")


def test_a_file_without_certificates_stops_the_start(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        tls.split("rediss://localhost/", ca_certs=str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("amqp://localhost/?ssl_ca_certs=/ca.pem", "without TLS"),
        ("redis://localhost/?ssl_cert_reqs=none", "without TLS"),
        ("amqps://localhost/?ssl_cert_reqs=perhaps", "unknown ssl_ option"),
        ("rediss://localhost/?ssl_magic=1", "unknown ssl_ option"),
    ],
)
def test_contradictory_and_unknown_options_are_refused(url, match):
    with pytest.raises(ImproperlyConfigured, match=match):
        tls.split(url)


def test_other_options_stay_in_the_url():
    assert tls.split("amqp://host/v?heartbeat=5") == ("amqp://host/v?heartbeat=5", {})
    url, options = tls.split("amqps://host/v?heartbeat=5&ssl_cert_reqs=none")
    assert url == "amqps://host/v?heartbeat=5"
    assert "server_hostname" not in options
