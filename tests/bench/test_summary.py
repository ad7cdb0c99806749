"""The table of growth."""

from bench.support.growth.summary import markdown


def row(size, name, pages, statements=4):
    return [size, "pages", name, {"pages": pages, "statements": statements, "database_ms": 1.0, "cpu_ms": 1.0}]


def test_a_line_has_first_and_last_size_and_the_verdict():
    kept = {
        "orders": [row(1000, "home", 40), row(100_000, "home", 41), row(1000, "sum", 10), row(100_000, "sum", 1000)],
        "messages": [row(1, "home", 40, statements=5), row(1000, "home", 40, statements=5)],
    }
    assert list(markdown(kept)) == [
        "| | statements | orders: 1,000 → 100,000 | messages: 1 → 1,000 |",
        "|---|---|---|---|",
        "| home | 4 to 5 | 40 → 41, flat | 40 → 40, flat |",
        "| sum | 4 | 10 → 1,000, power 1.00 |  |",
    ]
