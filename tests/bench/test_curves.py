"""The verdict on a curve."""

import math

import pytest

from bench.support.growth.curves import exponent, verdict

SIZES = [1000, 10_000, 100_000, 1_000_000]


def test_a_constant_cost_is_flat():
    assert verdict(dict.fromkeys(SIZES, 12)) == "flat"


def test_a_cost_that_falls_is_flat():
    assert verdict(dict(zip(SIZES, [9, 7, 6, 5], strict=True))) == "flat"


def test_the_depth_of_an_index_is_logarithmic():
    assert verdict({size: math.log(size) for size in SIZES}) == "logarithmic"


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_a_power_is_named(power):
    costs = {size: 3 * size**power for size in SIZES}
    assert exponent(costs) == pytest.approx(power)
    assert verdict(costs) == f"power {power:.2f}"


def test_nothing_counts_as_one():
    assert exponent({0: 5, 1: 5, 1000: 5}) == pytest.approx(0)
