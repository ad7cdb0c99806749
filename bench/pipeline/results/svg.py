"""Bar charts as plain SVG, for light and dark pages."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from bench.pipeline.results.figures import Spread, number

WIDTH, LABELS, VALUES, ROW, TOP = 760, 210, 150, 30, 52
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2430; }
.title { font-weight: 600; font-size: 16px; }
.unit { fill: #5b6270; }
.bar { fill: #9db4d8; }
.own { fill: #2f6fdb; }
.range { stroke: #1f2430; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ef; }
  .unit { fill: #a4acba; }
  .bar { fill: #47597a; }
  .own { fill: #5b93f5; }
  .range { stroke: #e6e9ef; }
}
"""


def bars(title: str, *, unit: str, rows: Mapping[str, Spread], own: str) -> str:
    """Medians as bars and the range over the rounds as a line. The bar of the row `own` stands out."""
    most = max([row.high for row in rows.values()], default=0) or 1
    height = TOP + ROW * len(rows) + 8
    size = f'viewBox="0 0 {WIDTH} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}, {escape(unit)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="0" y="18">{escape(title)}</text>',
        f'<text class="unit" x="0" y="38">{escape(unit)}; the line is the range over the rounds</text>',
    ]
    for index, (name, row) in enumerate(rows.items()):
        lines += _bar(name, row, y=TOP + ROW * index, scale=(WIDTH - LABELS - VALUES) / most, is_own=name == own)
    return "\n".join([*lines, "</svg>", ""])


def _bar(name: str, row: Spread, *, y: int, scale: float, is_own: bool) -> list[str]:
    low, high, end = (LABELS + value * scale for value in (row.low, row.high, row.median))
    return [
        f'<text x="{LABELS - 10}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
        f'<rect class="{"own" if is_own else "bar"}" x="{LABELS}" y="{y + 2}" width="{end - LABELS:.1f}" height="20"/>',
        f'<line class="range" x1="{low:.1f}" x2="{high:.1f}" y1="{y + 12}" y2="{y + 12}"/>',
        f'<text x="{max(high, end) + 8:.1f}" y="{y + 17}">{number(row.median)}</text>',
    ]
