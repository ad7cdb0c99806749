"""API contract: responses conform to the schema for valid and invalid requests."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from config.wsgi import application
from tests.api.client import operator
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)

schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
#: Schemathesis reads an answer of this process as it comes, compressed or not.
HEADERS = {"Accept-Encoding": "identity"}


@schema.parametrize()
@hypothesis.settings(
    max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_every_endpoint_answers_as_the_schema_says(case: Any):
    """Good data may be refused all the same: the schema cannot know which sku, payment method or page there is.

    Bad data must be refused in a body; in an address, parameters that nobody knows are left alone.
    """
    ProductFactory.create()
    lenient = [positive_data_acceptance] + ([negative_data_rejection] if case.method == "GET" else [])
    case.call_and_validate(headers=HEADERS | {"Authorization": f"Token {operator()}"}, excluded_checks=lenient)
