"""Settings of the simulation: the tests' own, with a database in memory and no address that anybody listens on."""

from tests.settings import *  # noqa: F403
from tests.settings import CELERY, DATABASES

DATABASES["default"] |= {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
DATABASES["default"]["OPTIONS"] = {
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA foreign_keys=ON;",
    "cached_statements": 4000,  # all of them: no run prepares what another one has
}
BROKER_URL = CELERY["broker_url"] = "amqp://simulated"
CELERY["broker_transport_options"] = {}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CONVEYOR_RETRY_BASE = 1
CONVEYOR_RETRY_MAX_SECONDS = 30
CONVEYOR_TRANSIT_SECONDS = 3
CONVEYOR_TRACK_SECONDS = 3
CONVEYOR_CIRCUIT_SECONDS = 5
CONVEYOR_VISIBILITY = 20
CONVEYOR_SETTLE_SECONDS = 6
CONVEYOR_ACTION_SECONDS = 20
CONVEYOR_UNPAID_SECONDS = 120
CONVEYOR_IN_FLIGHT = 2
