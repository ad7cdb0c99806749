"""Exports of failures that do not end as planned."""

import json

import pytest
from django.db import OperationalError

from messaging.operations.failures import export
from tests.messaging.operations.desk import dead

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", [export.as_csv, export.as_json])
def test_an_export_that_an_error_ends_does_not_look_whole(kind):
    """Granian ends the response as if nothing had happened."""

    def until_an_error():
        yield dead("CV-1")
        raise OperationalError("the database went away")

    lines = []
    with pytest.raises(OperationalError):
        lines.extend(kind(until_an_error()))
    assert any("CV-1" in line for line in lines)
    if kind is export.as_csv:
        assert lines[-1] == "Incomplete: an error ended the export after this row. Export it again.\r\n"
    else:
        with pytest.raises(json.JSONDecodeError):
            json.loads("".join(lines))


def test_an_export_that_its_reader_leaves_ends_quietly():
    lines = export.as_csv(iter([dead("CV-1"), dead("CV-2")]))
    next(lines)
    next(lines)
    lines.close()
    assert list(lines) == []
