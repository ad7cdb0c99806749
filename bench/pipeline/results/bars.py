"""Bar charts of the results."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from bench.pipeline.results.figures import Spread, number
from bench.support import svg

LABELS, VALUES, ROW, TOP = 210, 150, 30, 52
LIGHT = """.bar { fill: #9db4d8; }
.own { fill: #2f6fdb; }
.range { stroke: #1f2430; stroke-width: 1.5; }"""
DARK = """.bar { fill: #47597a; }
.own { fill: #5b93f5; }
.range { stroke: #e6e9ef; }"""


def bars(title: str, *, unit: str, rows: Mapping[str, Spread], own: str) -> str:
    """Medians as bars and the range over the rounds as a line. The bar of the row `own` stands out."""
    most = max([row.high for row in rows.values()], default=0) or 1
    scale = (svg.WIDTH - LABELS - VALUES) / most
    parts: list[str] = []
    for index, (name, row) in enumerate(rows.items()):
        parts += _bar(name, row, y=TOP + ROW * index, scale=scale, is_own=name == own)
    return svg.document(
        title,
        parts,
        unit=f"{unit}; the line is the range over the rounds",
        about=f"{title}, {unit}",
        height=TOP + ROW * len(rows) + 8,
        light=LIGHT,
        dark=DARK,
    )


def _bar(name: str, row: Spread, *, y: int, scale: float, is_own: bool) -> list[str]:
    low, high, end = (LABELS + value * scale for value in (row.low, row.high, row.median))
    return [
        f'<text x="{LABELS - 10}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
        f'<rect class="{"own" if is_own else "bar"}" x="{LABELS}" y="{y + 2}" width="{end - LABELS:.1f}" height="20"/>',
        f'<line class="range" x1="{low:.1f}" x2="{high:.1f}" y1="{y + 12}" y2="{y + 12}"/>',
        f'<text x="{max(high, end) + 8:.1f}" y="{y + 17}">{number(row.median)}</text>',
    ]
