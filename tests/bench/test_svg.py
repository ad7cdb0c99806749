"""Line charts: well-formed, labelled, with points where their axes put them."""

from xml.etree import ElementTree as ET

import pytest

from bench.support import svg

SVG = "{http://www.w3.org/2000/svg}"


def chart(points, **options):
    return ET.fromstring(svg.lines("Cost <of> a page", points, x="orders", y="pages & ms", **options))  # noqa: S314


def test_a_chart_names_its_title_axes_and_lines():
    texts = [each.text for each in chart({"home": [(1, 1), (10, 2)], "a & b": [(1, 3)]}).iter(f"{SVG}text")]
    for text in ("Cost <of> a page", "orders", "pages & ms", "home", "a & b"):
        assert text in texts


def test_a_chart_has_colors_for_light_and_dark_pages():
    style = chart({"home": [(1, 1)]}).findtext(f"{SVG}style") or ""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    assert ".s0 { stroke: #1f5fbf; }" in light
    assert ".s0 { stroke: #6ea8fe; }" in dark


def test_lines_whose_color_repeats_are_dashed():
    style = chart({f"line {n}": [(1, 1)] for n in range(len(svg.COLORS) + 1)}).findtext(f"{SVG}style") or ""
    assert f".s{len(svg.COLORS)} {{ stroke-dasharray" in style
    assert ".s0 { stroke-dasharray" not in style


def test_decades_are_equally_far_apart_on_a_logarithmic_axis():
    points = chart({"home": [(1000, 1), (10_000, 10), (100_000, 100)]}).findall(f"{SVG}circle")
    first, second, third = ((float(each.get("cx")), float(each.get("cy"))) for each in points)
    assert second[0] - first[0] == pytest.approx(third[0] - second[0], abs=0.2)
    assert second[1] - first[1] == pytest.approx(third[1] - second[1], abs=0.2)
    assert third[1] < first[1]  # SVG counts from the top


def test_a_linear_axis_starts_at_zero():
    zero, two, four = chart({"home": [(0, 0), (2, 10), (4, 20)]}, log_x=False, log_y=False).findall(f"{SVG}circle")
    assert float(zero.get("cx")) == svg.LEFT
    assert float(zero.get("cy")) == svg.TOP + svg.PLOT[1]
    assert float(two.get("cx")) * 2 == pytest.approx(float(zero.get("cx")) + float(four.get("cx")), abs=0.2)


def test_zero_lies_on_the_edge_of_a_logarithmic_axis():
    (point, _) = chart({"home": [(1, 0), (10, 5)]}).findall(f"{SVG}circle")
    assert float(point.get("cy")) == svg.TOP + svg.PLOT[1]


@pytest.mark.parametrize(
    ("values", "ticks"), [([1, 1000], [1, 10, 100, 1000]), ([3, 40], [1, 10, 100]), ([5, 5], [1, 10])]
)
def test_logarithmic_ticks_are_decades(values, ticks):
    assert svg.Axis.over("", values, is_log=True).ticks() == pytest.approx(ticks)


def test_linear_ticks_are_few_and_round():
    assert svg.Axis.over("", [0, 64], is_log=False).ticks() == [0, 20, 40, 60]
