"""Every model with states has a transition table, or a reason why not; a table has all of its model's states."""

import pytest
from django.apps import apps
from django.db.models import Model

from tests.states.tables import TABLES

WITHOUT_TABLE = {
    "orders.EmailDelivery": "it has two states",
    "payments.Dispute": "the gateway says how it stands",
    "payments.GatewayCharge": "the gateway's own record",
    "payments.GatewayDispute": "the gateway's own record",
    "payments.GatewayRefund": "the gateway's own record",
    "operations.FailureGroup": "its actions say what they change",
    "operations.BulkOperation": "its actions say what they change",
}


def has_states(model: type[Model]) -> bool:
    return any(field.name in ("state", "status") and field.choices for field in model._meta.fields)


def test_every_model_with_states_has_a_table():
    found = {model._meta.label for model in apps.get_models() if has_states(model) and not model._meta.proxy}
    assert found == WITHOUT_TABLE.keys() | {table.model._meta.label for table in TABLES.values()}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_all_states_of_its_model(name):
    table = TABLES[name]
    states = {value for value, _label in table.model._meta.get_field(table.field).choices}
    assert set(table.transitions) == states
    assert {after for _before, after in table.changes()} <= states
