"""Compatibility gate: this code breaks nobody who relies on the last release, whose documents the docs keep.

`make release-contracts` stores the documents of a new release; a break that is intended is released in the same way.
"""

import pytest

from messaging.operations.contracts.compatibility import breaks_of_api, breaks_of_messages
from tests.contracts import documents

INTENDED = "If this is intended, say so in CHANGELOG.md and store the documents anew with `make release-contracts`."


def refuse(breaks: list[str]) -> None:
    if breaks:
        pytest.fail("\n".join([f"{len(breaks)} incompatible with the last release:", *breaks, INTENDED]), pytrace=False)


def test_messages_are_compatible_with_the_last_release():
    refuse(breaks_of_messages(documents.released("asyncapi"), documents.messages()))


def test_the_api_is_compatible_with_the_last_release():
    refuse(breaks_of_api(documents.released("openapi"), documents.api()))


def test_a_field_that_is_removed_from_a_message_is_refused():
    new = documents.messages()
    del new["components"]["schemas"]["orders.send_email"]["properties"]["kind"]
    (found,) = breaks_of_messages(documents.released("asyncapi"), new)
    assert found.startswith("Message orders.send_email: the field kind was removed. Raise the payload's `version`")


def test_a_field_that_is_removed_from_a_response_is_refused():
    new = documents.api()
    del new["components"]["schemas"]["Order"]["properties"]["number"]
    new["components"]["schemas"]["Order"]["required"].remove("number")
    found = breaks_of_api(documents.released("openapi"), new)
    assert "GET /api/v1/orders/{public_id}/ 200: the field number was removed." in found[0] + found[1] + found[2]
    assert len(found) == 6, "each operation that returns an order"


def test_a_status_that_clients_do_not_know_is_refused():
    new = documents.api()
    new["components"]["schemas"]["OrderStatusEnum"]["enum"].append("lost")
    assert "status: lost may be returned now" in breaks_of_api(documents.released("openapi"), new)[0]


def test_an_operation_that_is_removed_is_refused():
    new = documents.api()
    del new["paths"]["/api/v1/orders/"]
    (found,) = breaks_of_api(documents.released("openapi"), new)
    assert found.startswith("Operation POST /api/v1/orders/ was removed.")
