"""People who want something: shoppers, the operator, and those at the gateway."""

from tests.simulation.people.bank import gateway
from tests.simulation.people.desk import operator, to_retry
from tests.simulation.people.shoppers import shopper

__all__ = ["gateway", "operator", "shopper", "to_retry"]
