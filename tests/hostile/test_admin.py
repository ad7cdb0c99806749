"""Every page of the admin: hostile queries, forms, actions and object ids are refused or answered."""

import random
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db.models import JSONField, fields
from django.urls import reverse

from tests.hostile.addresses import address, routes
from tests.hostile.forms import forms_of
from tests.hostile.requests import TIMEOUT, Sender, form_body, headers, rounds
from tests.hostile.scene import Known, root
from tests.hostile.values import text

pytestmark = [pytest.mark.django_db, TIMEOUT]
ROUTES = [route.removeprefix("admin/") for route in routes(below="admin/")]
admin.autodiscover()
#: Models with a list of their own.
MODELS = [
    (model, options)
    for model, options in admin.site._registry.items()
    if any(pattern.name == f"{model._meta.app_label}_{model._meta.model_name}_changelist" for pattern in options.urls)
]
#: Parameters that Django's change list and the desk's lists know, beside those of their filters.
LIST = (
    "q", "p", "o", "all", "e", "_facets", "_popup", "_to_field", "_changelist_filters", "page", "app_label",
    "model_name", "field_name", "term", "since", "until", "search", "next",
)  # fmt: skip
#: Folders whose only address answers nothing without the right parameters.
NOTHING_ALONE = ("autocomplete", "r")
LOOKUPS = (
    "", "__exact", "__in", "__gte", "__isnull", "__year", "__year__gte", "__iso_year", "__date__year", "__range",
    "__regex", "__iregex", "__contains", "__contained_by", "__x", "__pk",
)  # fmt: skip
#: Those of libraries have no secret column that Django's rule lets through; products and categories hide nothing.
OWN = [
    pytest.param(model, options, id=model._meta.label)
    for model, options in MODELS
    if model._meta.app_label not in {"auth", "axes", "knox"}
    and model._meta.model_name not in {"user", "product", "category"}
]


@pytest.fixture
def staff(known: Known) -> Sender:
    return Sender(root())


def test_lists_answer_any_query(staff: Sender):
    for rng in rounds(9):
        for model, options in MODELS:
            fields = [field.name for field in model._meta.get_fields()]
            path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            lookup = rng.choice(fields) + rng.choice(LOOKUPS)
            # Lists of our own refuse most lookups, so a third of the queries has none.
            names = [rng.choice(LIST), *_filters(rng, options), *([lookup] if rng.random() < 2 / 3 else [])]
            staff.send("GET", f"{path}?{urlencode([(name, text(rng)) for name in names])}")
    assert staff.accepted > 0.1, staff.statuses


@pytest.mark.parametrize(
    "lookup", ["__regex", "__startswith", "__contains", "__gt", "__lte", "__email__startswith", "__has_key"]
)
@pytest.mark.parametrize(("model", "options"), OWN)
def test_no_list_can_be_searched_by_parts_of_what_it_does_not_show(model, options, lookup: str, rf):
    """Django allows every lookup on a column: whoever sees a list would guess the rest, letter by letter."""
    kinds = (fields.CharField, fields.TextField, fields.BinaryField, JSONField)
    names = [field.name for field in model._meta.get_fields() if isinstance(field, kinds)]
    request = rf.get("/")
    assert [name for name in names if options.lookup_allowed(f"{name}{lookup}", "a", request)] == []


def test_actions_answer_any_form(staff: Sender):
    for rng in rounds(1):
        for model, _options in MODELS:
            path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            page = staff.send("GET", path)
            if page.status_code != 200:
                continue
            ids = [str(pk) for pk in model._default_manager.values_list("pk", flat=True)[:2]]
            for form in forms_of(page):
                for action in form.values.get("action", [""]):
                    offered = form.values | {"action": [action], "_selected_action": ids, "index": ["0"]}
                    for odd in (0.0, 0.3):
                        staff.send("POST", path, **form_body(rng, offered, odd=odd, keep=("action",)))
    assert staff.accepted > 0.2, staff.statuses


@pytest.mark.parametrize("folder", sorted({route.partition("/")[0] for route in ROUTES}))
def test_pages_answer_any_address_query_and_form(folder: str, staff: Sender, known: Known):
    for rng in rounds(1):
        for route in [f"admin/{route}" for route in ROUTES if route.partition("/")[0] == folder]:
            here = known | {"object_id": _object_ids(route)}
            page = staff.send("GET", address(rng, route, here, odd=0))
            staff.send("GET", address(rng, route, here, odd=0.7) + _query(rng), headers=headers(rng))
            for values in [form.values for form in forms_of(page)] or [{}]:
                staff.send("POST", address(rng, route, here, odd=0.1), **form_body(rng, values, odd=0.3))
    assert bool(staff.accepted) == (folder not in NOTHING_ALONE), staff.statuses


def _filters(rng: random.Random, options: Any) -> list[str]:
    """Parameters of the list's own filters, by chance."""
    filters = [each[0] if isinstance(each, tuple) else each for each in options.list_filter if rng.random() < 0.5]
    return [each if isinstance(each, str) else getattr(each, "parameter_name", "since") for each in filters]


def _query(rng: random.Random) -> str:
    return "?" + urlencode([(rng.choice(LIST), text(rng)) for _ in range(2)])


def _object_ids(route: str) -> list[str]:
    for model, _options in MODELS:
        if route.startswith(f"admin/{model._meta.app_label}/{model._meta.model_name}/"):
            return [str(pk) for pk in model._default_manager.values_list("pk", flat=True)[:3]]
    return []
