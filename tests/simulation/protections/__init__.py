"""Protections of the code that must be missed: each is taken out in turn, and the simulation or a test must find it."""

from typing import Final

from tests.simulation.protections.engine import ENGINE
from tests.simulation.protections.forgeries import FORGERIES
from tests.simulation.protections.hosts import HOSTS
from tests.simulation.protections.outside import OUTSIDE
from tests.simulation.protections.payments import AUTHORISATIONS, PAYMENTS
from tests.simulation.protections.relay import RELAY
from tests.simulation.protections.shop import DESK, SHOP
from tests.simulation.protections.volume import VOLUME

PROTECTIONS: Final = (*ENGINE, *FORGERIES, *HOSTS, *RELAY, *VOLUME, *OUTSIDE, *PAYMENTS, *AUTHORISATIONS, *SHOP, *DESK)
