"""Publishing without the ledger: when the broker gets a message, and what becomes of a rollback."""

import pytest
from celery import current_app
from celery.signals import after_task_publish
from django.db import transaction

from messaging import outbox
from messaging.models import Message
from messaging.topology import topology
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["ledger", "on_commit", "naive"])
def publish(request, settings, broker):
    settings.CONVEYOR_PUBLISH = request.param
    with current_app.connection_for_write() as connection:
        topology().declare(connection)
    return request.param


@pytest.fixture
def published():
    """Names of the tasks that Celery has sent to the broker."""
    names = []

    def add(sender, **kwargs):
        names.append(sender)

    after_task_publish.connect(add)
    yield names
    after_task_publish.disconnect(add)


def test_only_naive_publishes_before_the_commit(publish, published):
    with outbox.transaction():
        outbox.enqueue(Sample(text="a"))
        before = list(published)
    assert before == (["tests.sample"] if publish == "naive" else [])
    assert published == ([] if publish == "ledger" else ["tests.sample"])
    assert Message.objects.exists() is (publish == "ledger")


def test_only_naive_publishes_what_is_rolled_back(publish, published):
    with transaction.atomic():
        outbox.enqueue(Sample(text="a"))
        transaction.set_rollback(True)
    assert published == (["tests.sample"] if publish == "naive" else [])
    assert not Message.objects.exists()
