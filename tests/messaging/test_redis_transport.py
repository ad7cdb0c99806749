"""Does the transport for Valkey keep a worker alive where kombu's own would end it?"""

import pytest
from celery import current_app


def test_an_acknowledgement_after_the_connection_was_lost_is_a_connection_error(broker):
    if broker.is_amqp:
        pytest.skip("the transport for Valkey is not in use")
    connection = current_app.connection_for_read()
    channel = connection.channel()
    survived = connection.connection_errors
    connection.close()
    with pytest.raises(survived, match="closed meanwhile"):
        channel.basic_ack("some-tag")
