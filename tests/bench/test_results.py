"""Results of the benchmark: sections between markers, tables of a run, and bar charts."""

import xml.etree.ElementTree as ET

import pytest

from bench.pipeline.results import page, sections
from bench.pipeline.results.bars import bars
from bench.pipeline.results.figures import Spread

PAGE = "a\n<!-- bench-pipeline shop -->\nold\n<!-- /bench-pipeline shop -->\nz\n"
SVG = "{http://www.w3.org/2000/svg}"
RUN = {
    "shop": {
        "ledger": [{"shipped": 50.0, "accepted": 200.0, "cpu": 30.0, "cpu web": 10.0, "cpu relay": 20.0}],
        "naive": [{"shipped": 60.0, "cpu": 20.0}],
    },
    "engine": {
        sections.OURS: [{"shipped": 150.0, "confirmed": 300.0, "cpu": 9.0}],
        "Dramatiq": [{"shipped": 200.0, "cpu": 6.0}],
    },
    "limits": {sections.LIMIT: [{"commits": 1000.0, "publishes": 10_000.0, "views": 4000.0}]},
}


def test_a_section_replaces_the_old_one_and_nothing_else():
    written = page.insert(PAGE, part="shop", text="new")
    assert written == PAGE.replace("old", "new")
    assert page.insert(written, part="shop", text="new") == written


@pytest.mark.parametrize("text", ["", PAGE.replace("/", ""), PAGE.replace("shop", "engine")])
def test_a_page_without_both_markers_is_refused(text):
    with pytest.raises(page.NoMarkers):
        page.insert(text, part="shop", text="new")


@pytest.mark.parametrize("part", sections.WRITERS)
def test_the_page_has_a_place_for_every_part(part):
    text = page.PAGE.read_text()
    assert page.insert(text, part=part, text="new") != text


def test_limits_show_the_share_that_each_contender_of_the_run_reached():
    text, _ = sections.limits(RUN)
    assert text.splitlines()[2:] == [
        "| raw commits of the job's three transactions, orders/s | 1,000 | Conveyor's engine 15 %; Dramatiq 20 % |",
        "| confirmed publishes, messages/s | 10,000 | Conveyor's engine 3 % |",
        "| a view that does nothing, requests/s | 4,000 | ledger 5 % |",
    ]
    alone, _ = sections.limits({"limits": RUN["limits"]})
    assert alone.splitlines()[2].endswith("| 1,000 | – |")


@pytest.mark.parametrize("part", ["shop", "engine"])
def test_a_part_shows_every_contender_in_its_tables_and_pictures(part):
    text, pictures = sections.WRITERS[part](RUN)
    for name in RUN[part]:
        assert f"| {name} |" in text
        assert all(name in texts(ET.fromstring(picture)) for picture in pictures.values())  # noqa: S314 - our own
    assert all(f"pipeline-{name}.svg" in text for name in pictures)


def test_bars_are_as_long_as_their_medians():
    rows = {"ours": Spread(100, 90, 110), "<peer>": Spread(50, 50, 50)}
    picture = ET.fromstring(bars("Orders", unit="orders/s", rows=rows, own="ours"))  # noqa: S314 - our own
    drawn = list(picture.iter(f"{SVG}rect"))
    ours, peer = (float(bar.attrib["width"]) for bar in drawn)
    assert ours == pytest.approx(2 * peer, rel=0.001)
    assert [bar.attrib["class"] for bar in drawn] == ["own", "bar"]
    assert "<peer>" in texts(picture)


def texts(picture: ET.Element) -> list[str | None]:
    return [text.text for text in picture.iter(f"{SVG}text")]
