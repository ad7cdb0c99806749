"""Soak: growth is distinguished from noise, and every table is known to keep its size or to be kept."""

import random
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import models
from django.utils import timezone

from bench.soak import banks, results, tables
from bench.soak.judge import LEAST_WARM_UP, POINTS, Bound, grown, slope, thinned, verdict
from messaging.operations.models import Alert
from payments.models import Dispute, DisputeStatus
from tests.delivery import deliver_due
from tests.payments.disputes.disputing import delivered, disputed

BOUND = Bound(share=0.10, least=5)
HOUR = range(0, 3600, 10)


def judge(value, *, bound=BOUND):
    """The verdict on an hour of `value(seconds)`."""
    found = verdict([(at, value(at)) for at in HOUR], bound)
    assert found is not None
    return found


def test_a_steady_leak_has_grown_even_below_noise():
    noise = random.Random(1)
    assert judge(lambda at: 100 + at / 120 + noise.uniform(-20, 20)).has_grown


def test_noise_a_peak_and_a_saw_have_not_grown():
    noise = random.Random(2)
    assert not judge(lambda at: 100 + noise.uniform(-20, 20)).has_grown
    assert not judge(lambda at: 100 if at < 3400 else 400).has_grown
    assert not judge(lambda at: 100 + at % 600 / 6).has_grown


def test_what_grows_in_the_warm_up_only_has_not_grown():
    assert not judge(lambda at: min(at, 800)).has_grown
    assert judge(lambda at: at).has_grown


def test_what_shrinks_has_not_grown():
    assert not judge(lambda at: 4000 - at).has_grown


def test_a_bound_is_a_share_but_at_least_so_much():
    assert not judge(lambda at: at / 700).has_grown  # 4 of 5
    assert judge(lambda at: at / 400).has_grown  # 7 of 5
    assert not judge(lambda at: 1000 + at / 40).has_grown  # 68 of 100
    assert judge(lambda at: 1000 + at / 20).has_grown  # 135 of 100


def test_a_run_that_is_all_warm_up_has_no_verdict():
    assert verdict([], BOUND) is None
    assert verdict([(at, at) for at in range(int(LEAST_WARM_UP))], BOUND) is None


def test_the_trend_is_the_median_of_all_slopes():
    assert slope([(0, 0), (1, 2), (2, 4), (3, 6), (4, 1000)]) == 2
    assert slope([(0, 1)]) == 0


@pytest.mark.parametrize("count", [0, 1, POINTS, POINTS + 1, 10 * POINTS])
def test_a_long_series_is_thinned_to_medians(count):
    points = thinned([(at, at % 2) for at in range(count)])
    assert len(points) <= POINTS
    assert (len(points) == count) == (count <= POINTS)


def test_a_sentence_names_what_grew_from_what_to_what():
    found = {"rows": judge(lambda at: at), "threads": judge(lambda at: 4)}
    (text,) = grown(found)
    assert text.startswith("rows grew by 2,6")
    assert text.endswith("134.50 is allowed")


def test_the_table_and_the_pictures_show_what_was_measured():
    series = {"rows": {"shop.Basket": [(at, at) for at in HOUR], "shop.Never": [(at, 0) for at in HOUR]}}
    table = results.table(results.verdicts(series))
    assert "shop.Basket" in table
    assert "**grown**" in table
    assert "shop.Never" not in table
    assert "shop.Basket" in results.pictures(series)["rows"]


def test_every_table_that_is_named_exists():
    labels = {model._meta.label for model in tables.models()}
    named = {name for name in tables.RECORDS if "." in name} | {*tables.AGED, *tables.EXPIRING}
    assert named <= labels
    assert {name for name in tables.RECORDS if "." not in name} <= {label.partition(".")[0] for label in labels}


def test_what_is_aged_has_retention_and_is_no_record():
    for label, column in tables.AGED.items():
        model = apps.get_model(label)
        assert isinstance(model._meta.get_field(column), models.DateTimeField)
        assert not tables.is_record(model)


@pytest.mark.django_db(transaction=True)
def test_banks_decide_a_dispute_once_the_shop_has_had_it_for_a_while():
    old, new = disputed(delivered()), disputed(delivered())
    Dispute.objects.filter(pk=old.pk).update(opened_at=timezone.now() - timedelta(seconds=tables.FRESH + 1))
    banks.decide()
    deliver_due()
    statuses = dict(Dispute.objects.values_list("pk", "status"))
    assert statuses == {old.pk: DisputeStatus.WON, new.pk: DisputeStatus.NEEDS_RESPONSE}


@pytest.mark.django_db(transaction=True)
def test_rows_are_aged_once_and_only_when_they_are_no_longer_fresh():
    now = timezone.now()
    old = Alert.objects.create(key="old", text="x", raised_at=now, cleared_at=now - timedelta(seconds=tables.FRESH + 1))
    new = Alert.objects.create(key="new", text="x", raised_at=now, cleared_at=now)
    for _ in range(2):
        tables.age()
    old.refresh_from_db()
    assert old.cleared_at == now - timedelta(seconds=tables.FRESH + 1) - tables.YEARS
    assert Alert.objects.get(pk=new.pk).cleared_at == now
