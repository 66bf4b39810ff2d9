"""Plots as SVG, without a library: a few panels side by side, readable in light and dark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

__all__ = ["Line", "Panel", "draw", "draw_bars"]

WIDTH, HEIGHT, GAP = 380, 260, 30
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 44, 34
COLOURS = ("#2563eb", "#d97706", "#059669")
OTHERS = "#94a3b8"
NAMES, BAR = 130, 22


@dataclass(frozen=True, slots=True)
class Line:
    """Points by x."""

    name: str
    points: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot; *is_log* is of its x axis."""

    title: str
    lines: list[Line]
    is_log: bool = False


def draw(panels: list[Panel]) -> str:
    """Return the picture."""
    return _side_by_side([_panel(panel) for panel in panels], HEIGHT)


def draw_bars(panels: list[tuple[str, list[tuple[str, float]]]]) -> str:
    """Return a picture of bars: for each panel its title, and each bar's name and length."""
    rows = max(len(bars) for _, bars in panels)
    return _side_by_side([_bars(title, bars) for title, bars in panels], 28 + rows * BAR)


def _side_by_side(panels: list[list[str]], height: int) -> str:
    width = len(panels) * (WIDTH + GAP) - GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        'font-family="system-ui, sans-serif" font-size="11" role="img">',
        "<style>text{fill:#444}.axis{stroke:#999}.grid{stroke:#9994}",
        "@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>",
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * (WIDTH + GAP)} 0)">', *panel, "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _bars(title: str, bars: list[tuple[str, float]]) -> list[str]:
    longest = max(length for _, length in bars)
    room = WIDTH - NAMES - 40
    parts = [f'<text x="0" y="14" font-weight="600">{escape(title)}</text>']
    for number, (name, length) in enumerate(bars):
        y = 28 + number * BAR
        colour = COLOURS[0] if name.startswith("Sluiceway") else OTHERS
        end = NAMES + max(1.0, length / longest * room)
        parts.append(
            f'<text x="0" y="{y + 12}">{escape(name)}</text><rect x="{NAMES}" y="{y}" rx="2" '
            f'width="{end - NAMES:.1f}" height="{BAR - 6}" fill="{colour}"/>'
            f'<text x="{end + 6:.1f}" y="{y + 12}">{length:.0f}</text>'
        )
    return parts


def _panel(panel: Panel) -> list[str]:
    xs = [x for line in panel.lines for x, _ in line.points]
    most = max(y for line in panel.lines for _, y in line.points)
    top = _round_up(most)

    def across(x: float) -> float:
        low, high = min(xs), max(xs)
        if panel.is_log:
            x, low, high = math.log10(x), math.log10(low), math.log10(high)
        share = (x - low) / (high - low) if high > low else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    parts = [f'<text x="{LEFT}" y="14" font-weight="600">{escape(panel.title)}</text>']
    for step in range(5):
        y = top * step / 4
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down(y):.1f}" '
            f'y2="{down(y):.1f}"/><text x="{LEFT - 6}" y="{down(y) + 4:.1f}" '
            f'text-anchor="end">{y:g}</text>'
        )
    parts += [
        f'<text x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 16}" '
        f'text-anchor="middle">{_short(x)}</text>'
        for x in sorted(set(xs))
    ]
    for number, line in enumerate(panel.lines):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line.points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colour}"/>'
            for x, y in line.points
        ]
        if line.name:
            parts.append(
                f'<text x="{LEFT + number * 130}" y="32" style="fill:{colour}">'
                f"{escape(line.name)}</text>"
            )
    return parts


def _round_up(value: float) -> float:
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return float(next(unit * n for n in (1, 2, 4, 5, 8, 10) if unit * n >= value))


def _short(x: float) -> str:
    return f"{x / 1000:g}k" if x >= 1000 else f"{x:g}"
