"""API contract: responses conform to the schema for valid and invalid requests, of guests, operators and superusers."""

import functools
import re
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation
from schemathesis.python._constants import orchestrator
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from config.wsgi import application
from messaging import circuit_breaker
from orders.models import Order
from tests.api.client import dead, operator, order_body, token_of
from tests.delivery import deliver_due
from tests.factories import ProductFactory, place
from tests.flush import flush

pytestmark = pytest.mark.django_db(transaction=True)

#: The schema of each operation looks for literals in the project's code; reading all its imports each time took 9 s.
orchestrator.local_imports_of = functools.cache(orchestrator.local_imports_of)
schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
#: Schemathesis does not decompress responses of an in-process application.
HEADERS = {"Accept-Encoding": "identity"}
TOKENS = {"guest": lambda: "", "operator": operator, "superuser": lambda: token_of(is_superuser=True)}
runs = hypothesis.settings(
    max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
#: An example of the schema says nothing about who asks.
without_examples = hypothesis.settings(runs, phases=set(Phase) - {Phase.explicit})


@pytest.fixture(autouse=True)
def _no_limits(settings):
    """All requests come from one client."""
    settings.CONVEYOR_LIMITS = 0


def add_tests(label: str) -> None:
    """Tests of one operation. With names of their own: xdist would run one of several tests with the same name."""
    operation = schema.include(name=label)

    @operation.parametrize()
    @runs
    def conforms(case: Any) -> None:
        conform(case, role="operator")

    @operation.given(role=st.sampled_from(sorted(TOKENS)))
    @operation.parametrize()
    @without_examples
    def conforms_whoever_asks(case: Any, role: str) -> None:
        conform(case, role=role)

    name = re.sub(r"\W+", "_", label).strip("_").lower()
    globals()[f"test_{name}_conforms"] = conforms
    globals()[f"test_{name}_conforms_whoever_asks"] = conforms_whoever_asks


for found in schema.get_all_operations():
    add_tests(found.ok().label)


def test_sequences_of_requests_conform_to_the_schema():
    """Each begins with the same rows: Hypothesis expects the same responses to the same requests."""
    placed = 0

    class Sequence(schema.as_state_machine()):
        def setup(self) -> None:
            self.headers = headers("superuser")

        def teardown(self) -> None:
            nonlocal placed
            placed += Order.objects.count()
            flush()
            circuit_breaker.forget()
            super().teardown()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": self.headers}

        def before_call(self, case: Any) -> None:
            put_known_rows_into_body(case)

        def validate_response(self, response: Any, case: Any, **_options: Any) -> None:
            case.validate_response(response, headers=self.headers, excluded_checks=lenient(case))

    Sequence.run(settings=hypothesis.settings(runs, max_examples=20, stateful_step_count=10))
    assert placed


def conform(case: Any, *, role: str) -> None:
    put_known_rows_into_body(case)
    is_known = put_known_rows_into_path(case)
    response = case.call_and_validate(headers=headers(role), excluded_checks=lenient(case))
    assert not (is_known and response.status_code == 404)


def headers(role: str) -> dict[str, str]:
    token = TOKENS[role]()
    return HEADERS | ({"Authorization": f"Token {token}"} if token else {})


def lenient(case: Any) -> list[Any]:
    """Valid data may be rejected: the schema cannot know which pages exist. Unknown query parameters are ignored."""
    return [positive_data_acceptance] + ([negative_data_rejection] if case.method == "GET" else [])


def put_known_rows_into_body(case: Any) -> None:
    if is_valid(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        known = order_body(ProductFactory.create().sku)
        case.body |= {name: value for name, value in known.items() if name in case.body}


def put_known_rows_into_path(case: Any) -> bool:
    """Whether the path names something that exists."""
    if not is_valid(case, ParameterLocation.PATH):
        return False
    known: dict[str, Callable[[], str]] = {
        "sku": lambda: ProductFactory.create().sku,
        "public_id": lambda: order_for(case.path).public_id,
        "message_id": lambda: str(dead().pk),
    }
    found = {name: known[name]() for name in case.path_parameters if name in known}
    case.path_parameters |= found
    return bool(found)


def is_valid(case: Any, location: ParameterLocation) -> bool:
    part = case.meta.components.get(location)
    return part is not None and part.mode.is_positive


def order_for(path: str) -> Order:
    """One that can be cancelled, paid again or refunded, as the path asks for."""
    order = place(payment_method="pm_card_declined" if path.endswith("/pay/") else "pm_card_visa")
    if not path.endswith("/cancel/"):
        deliver_due()
    return order
