"""Which settings do tests run on? The project's own, in an environment that leaves nothing behind.

Each process of the test run has its own folder, database and broker. The last two are SQLite and Valkey unless
DATABASE_URL or BROKER_URL name PostgreSQL or RabbitMQ.
"""

import os
import secrets
import tempfile
from urllib.parse import urlsplit

from tests.stack.leftovers import remove_folders
from tests.stack.ports import free_port

remove_folders()

os.environ |= {
    "CONVEYOR_VAR": tempfile.mkdtemp(prefix=f"conveyor-tests-{os.getpid()}-"),
    "CONVEYOR_DEMO": "1",
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

# A file, since threads must see one another's writes as in production; a name of its own on a shared server.
_sqlite = DATABASES["default"]["ENGINE"].endswith("sqlite3")
DATABASES["default"]["TEST"] = {
    "NAME": str(VAR_DIR / "tests.sqlite3") if _sqlite else f"conveyor_tests_{os.getpid()}_{secrets.token_hex(2)}"
}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
(VAR_DIR / "static").mkdir(exist_ok=True)  # WhiteNoise warns of a folder that is not there
