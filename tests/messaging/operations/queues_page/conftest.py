"""Fixtures of the queues page's tests: an operator and a viewer, while the broker is down."""

import pytest
from django.test import Client

from tests.factories import client_with


@pytest.fixture
def operator(no_broker) -> Client:
    return client_with("view_message", "view_failedtask", "retry_message", "pause_queue")


@pytest.fixture
def viewer(no_broker) -> Client:
    return client_with("view_message")
