"""Pictures as plain SVG, for light and dark pages; line charts with linear or logarithmic axes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, PLOT, LEFT, TOP = 760, (470, 260), 62, 56
#: Light and dark color of each line. Further lines have them again, and are dashed.
COLORS = [
    ("#1f5fbf", "#6ea8fe"), ("#c2410c", "#fb923c"), ("#15803d", "#4ade80"), ("#7e22ce", "#c084fc"),
    ("#0e7490", "#22d3ee"), ("#a16207", "#facc15"), ("#be185d", "#f472b6"), ("#475569", "#cbd5e1"),
]  # fmt: skip
STYLE = """text {{ font: 13px system-ui, sans-serif; fill: #1f2430; }}
.title {{ font-weight: 600; font-size: 15px; }}
.axis {{ fill: #5b6270; }}
{light}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6e9ef; }}
.axis {{ fill: #a4acba; }}
{dark}
}}"""
#: Points (x, y) of each line.
Lines = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True)
class Axis:
    """A scale. A logarithmic one has no zero: what is below `low` is drawn at it."""

    label: str
    low: float
    high: float
    is_log: bool = False

    @classmethod
    def over(cls, label: str, values: Sequence[float], *, is_log: bool) -> "Axis":
        """From the values' extremes; logarithmic ones reach to whole decades, linear ones start at zero."""
        if is_log:
            positive = [value for value in values if value > 0] or [1.0]
            low, high = (10.0 ** f(math.log10(v)) for f, v in ((_floor, min(positive)), (_ceil, max(positive))))
            return cls(label, low, max(high, 10 * low), is_log=True)
        return cls(label, 0.0, (max(values, default=0) or 1) * 1.08)

    def at(self, value: float) -> float:
        """Position from 0 to 1."""
        if not self.is_log:
            return (value - self.low) / (self.high - self.low)
        return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        if self.is_log:
            return [self.low * 10**n for n in range(round(math.log10(self.high / self.low)) + 1)]
        step = 10 ** _floor(math.log10(self.high / 2))
        step *= next(factor for factor in (1, 2, 5, 10) if self.high / (step * factor) <= 6)
        return [step * n for n in range(int(self.high / step) + 1)]


def document(title: str, parts: Sequence[str], *, unit: str, about: str, height: int, light: str, dark: str) -> str:
    """A picture of `parts` below its title and unit. `light` and `dark` are their styles, `about` is for readers who
    see no picture."""
    label = escape(about, {'"': "&quot;"})
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">',
        f"<style>{STYLE.format(light=light, dark=dark)}</style>",
        f'<text class="title" x="0" y="16">{escape(title)}</text>',
        f'<text class="axis" x="0" y="38">{escape(unit)}</text>',
    ]
    return "\n".join([*head, *parts, "</svg>", ""])


def lines(title: str, points: Lines, *, x: str, y: str, log_x: bool = True, log_y: bool = True) -> str:
    """A chart. `x` and `y` label the axes and name their units. Each line has its name beside the plot."""
    across = Axis.over(x, [at for line in points.values() for at, _ in line], is_log=log_x)
    up = Axis.over(y, [at for line in points.values() for _, at in line], is_log=log_y)
    height = TOP + max(PLOT[1] + 54, 22 * len(points) + 10)
    parts = _grid(across, up)
    for number, (name, line) in enumerate(points.items()):
        parts += _line(number, name, [(_x(across.at(at)), _y(up.at(value))) for at, value in line])
    light, dark = _styles(len(points))
    return document(title, parts, unit=y, about=f"{title}: {y} over {x}", height=height, light=light, dark=dark)


def _grid(across: Axis, up: Axis) -> list[str]:
    right, bottom, middle = LEFT + PLOT[0], TOP + PLOT[1], LEFT + PLOT[0] / 2
    label = escape(across.label)
    parts = [f'<text class="axis" x="{middle}" y="{bottom + 44}" text-anchor="middle">{label}</text>']
    for tick in up.ticks():
        y = _y(up.at(tick))
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="axis" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{_number(tick)}</text>')
    for tick in across.ticks():
        x = _x(across.at(tick))
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="axis" x="{x}" y="{bottom + 20}" text-anchor="middle">{_number(tick)}</text>')
    return parts


def _line(number: int, name: str, points: Sequence[tuple[float, float]]) -> list[str]:
    legend, y = LEFT + PLOT[0] + 22, TOP + 8 + 22 * number
    path = "M" + " L".join(f"{x} {y}" for x, y in points)
    return [
        f'<path class="s{number}" d="{path}"/>',
        *(f'<circle class="f{number}" cx="{x}" cy="{y}" r="3.5"/>' for x, y in points),
        f'<path class="s{number}" d="M{legend} {y} h18"/>',
        f'<text x="{legend + 26}" y="{y + 4}">{escape(name)}</text>',
    ]


def _styles(count: int) -> tuple[str, str]:
    """For light pages and for dark ones."""

    def colors(which: int) -> str:
        chosen = [COLORS[number % len(COLORS)][which] for number in range(count)]
        return "\n".join(f".s{n} {{ stroke: {color}; }} .f{n} {{ fill: {color}; }}" for n, color in enumerate(chosen))

    dashed = [f".s{number} {{ stroke-dasharray: 6 4; }}" for number in range(len(COLORS), count)]
    light = [".grid { stroke: #d9dde5; }", "path { fill: none; stroke-width: 2; }", colors(0), *dashed]
    return "\n".join(light), f".grid {{ stroke: #3a4150; }}\n{colors(1)}"


def _x(share: float) -> float:
    return round(LEFT + PLOT[0] * share, 1)


def _y(share: float) -> float:
    return round(TOP + PLOT[1] * (1 - share), 1)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:g}"


def _floor(value: float) -> int:
    return math.floor(value + 1e-9)


def _ceil(value: float) -> int:
    return math.ceil(value - 1e-9)
