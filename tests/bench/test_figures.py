"""Arithmetic of the benchmark: medians, percentiles, ratios within a round, and tables."""

import pytest

from bench.pipeline.results import figures
from bench.pipeline.results.figures import Spread

RESULTS = {
    "ours": [{"rate": 100.0, "cpu": 10.0}, {"rate": 50.0, "cpu": 20.0}, {"rate": 200.0, "cpu": 12.0}],
    "peer": [{"rate": 50.0}, {"rate": 50.0}, {"rate": 50.0}],
}


def test_a_spread_is_the_median_and_the_range():
    assert figures.spread([3.0, 1.0, 2.0, 10.0]) == Spread(median=2.5, low=1.0, high=10.0)


@pytest.mark.parametrize(("percent", "value"), [(50, 5), (95, 10), (90, 9), (10, 1), (0, 1), (100, 10)])
def test_a_percentile_is_a_value_that_was_measured(percent, value):
    assert figures.percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == value


def test_ratios_compare_each_round_with_itself():
    assert figures.ratios(RESULTS, "peer", "ours", "rate") == Spread(median=0.5, low=0.25, high=1.0)


def test_a_figure_that_a_contender_does_not_have_has_no_spread_and_no_ratio():
    assert figures.of(RESULTS, "peer", "cpu") is None
    assert figures.ratios(RESULTS, "peer", "ours", "cpu") is None


def test_a_ratio_to_nothing_is_left_out():
    assert figures.ratios({"a": [{"rate": 0.0}], "b": [{"rate": 1.0}]}, "b", "a", "rate") is None


def test_the_table_has_a_row_a_contender_and_the_ratio_to_the_first():
    headings, compared = {"rate": "orders/s", "cpu": "CPU, ms"}, {"rate": "ratio"}
    assert figures.table(RESULTS, headings, compared=compared).splitlines() == [
        "|  | orders/s | CPU, ms | ratio |",
        "| --- | --- | --- | --- |",
        "| ours | 100 (50 to 200) | 12 (10 to 20) | 1 |",
        "| peer | 50 | – | 0.50 (0.25 to 1) |",
    ]


def test_cpu_of_an_order_is_the_sum_over_all_kinds_of_processes():
    assert figures.cpu_of_an_order({"web": 1.0, "relay": 0.5}, 100) == {"cpu": 15.0, "cpu web": 10.0, "cpu relay": 5.0}


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (100, "100"), (99.94, "99.9"), (12.34, "12.3"), (9.876, "9.88"), (0, "0")]
)
def test_numbers_have_three_significant_digits(value, text):
    assert figures.number(value) == text
