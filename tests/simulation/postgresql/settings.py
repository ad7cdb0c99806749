"""Settings of the simulation on PostgreSQL: those on SQLite, with the server of the tests."""

import sys

from config.parts.database import database_settings
from tests.simulation.settings import *  # noqa: F403
from tests.simulation.settings import DATABASES
from tests.stack.services import postgresql_url

if (_url := postgresql_url()) is None:
    sys.exit("The simulation on PostgreSQL needs a server: `make services` installs and starts one.")
DATABASES["default"] = database_settings(_url)
#: The data need not survive a crash of the server, and a connection asks for nothing before its first statement.
DATABASES["default"]["OPTIONS"] |= {"connect_timeout": 60, "options": "-c synchronous_commit=off -c TimeZone=UTC"}
