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
#: Schemathesis does not decompress responses of an in-process application.
HEADERS = {"Accept-Encoding": "identity"}


@schema.parametrize()
@hypothesis.settings(
    max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_every_endpoint_conforms_to_its_schema(case: Any):
    """Valid data may be rejected: the schema cannot know which SKUs, payment methods or pages exist.

    Invalid bodies must be rejected; unknown query parameters are ignored.
    """
    ProductFactory.create()
    lenient = [positive_data_acceptance] + ([negative_data_rejection] if case.method == "GET" else [])
    case.call_and_validate(headers=HEADERS | {"Authorization": f"Token {operator()}"}, excluded_checks=lenient)
