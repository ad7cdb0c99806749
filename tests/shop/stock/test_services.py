"""Stock changes: restocking."""

import pytest

from shop.stock.services import restock
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_restocking_adds_at_least_one_piece():
    product = ProductFactory.create(stock=1)
    with pytest.raises(ValueError, match="at least one piece"):
        restock(quantities={product.pk: 0})
