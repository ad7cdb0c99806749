"""Redis transport: errors that kombu's own transport does not survive."""

import pytest
from celery import current_app


def test_acknowledging_on_a_lost_connection_is_a_connection_error(broker):
    if broker.is_amqp:
        pytest.skip("the Redis transport is not in use")
    connection = current_app.connection_for_read()
    channel = connection.channel()
    survived = connection.connection_errors
    connection.close()
    with pytest.raises(survived, match="closed while the task ran"):
        channel.basic_ack("some-tag")
