"""Settings of the database: a server that no packet reaches any more is given up in time."""

from config.parts.database import database_settings
from messaging.conf import DEFAULTS

SOFT_SHARE = 0.8


def test_a_database_out_of_reach_is_given_up_before_the_task_that_waits_for_it():
    options = database_settings("postgres://shop@db.example.com/shop")["OPTIONS"]
    silence = options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"]
    limit = DEFAULTS["CONVEYOR_TASK_TIME_LIMIT"] * SOFT_SHARE
    assert options["tcp_user_timeout"] / 1000 < limit
    assert silence < limit
