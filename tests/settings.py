"""Test settings: the project's own, isolated per process and cleaned up afterwards.

Each process of the test run has its own directory, database and broker: SQLite and Valkey, or PostgreSQL and RabbitMQ
if DATABASE_URL and BROKER_URL select them.
"""

import os
import secrets
import tempfile
from urllib.parse import urlsplit

from tests.ports import free_port
from tests.stack.leftovers import remove_folders

remove_folders()

os.environ |= {
    "CONVEYOR_VAR": tempfile.mkdtemp(prefix=f"conveyor-tests-{os.getpid()}-"),
    "CONVEYOR_DEMO": "1",
    "CONVEYOR_EXTENSIONS": os.environ.get("TEST_EXTENSIONS", "none"),
    "CONVEYOR_GATEWAY_LATENCY": "0",
    "SECRET_KEY": "tests-only-tests-only-tests-only-tests-only-tests-only",
    "LOG_LEVEL": "WARNING",
}
_given = urlsplit(os.environ.get("BROKER_URL", ""))
if _given.scheme.startswith("amqp"):
    _own = _given._replace(path=f"/conveyor-test-{os.getpid()}-{secrets.token_hex(3)}").geturl()
else:
    _own = f"redis://:{secrets.token_hex(8)}@127.0.0.1:{free_port()}/0"
os.environ["BROKER_URL"] = _own

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, STORAGES, VAR_DIR  # noqa: E402

# SQLite needs a file, so that threads see each other's writes; a shared server needs a unique name.
_sqlite = DATABASES["default"]["ENGINE"].endswith("sqlite3")
DATABASES["default"]["TEST"] = {
    "NAME": str(VAR_DIR / "tests.sqlite3") if _sqlite else f"conveyor_tests_{os.getpid()}_{secrets.token_hex(2)}"
}
# A busy machine needs patience, and the tests' data need not survive a crash of the server.
DATABASES["default"]["OPTIONS"] |= (
    {"timeout": 60} if _sqlite else {"connect_timeout": 60, "options": "-c synchronous_commit=off"}
)
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
(VAR_DIR / "static").mkdir(exist_ok=True)  # WhiteNoise warns if the directory does not exist
