"""A plot of a comparison: response against smoothness, and pulse beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..video.grid import GROUND
from .measure import Measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

COLOURS = {
    "every-frame": "#fbbf24",
    "diffuse-then-interpolate": "#38bdf8",
    "interpolate-then-diffuse": "#f472b6",
    "hybrid": "#8b5cf6",
}
"""A colour for each of the article's recipes."""

_INK, _FAINT, _LINES, _PANEL = "#f5f3ff", "#9d94b8", "#322b4d", "#171425"
_STYLE: dict[str, Any] = {
    "font.size": 10,
    "text.color": _INK,
    "axes.facecolor": _PANEL,
    "axes.edgecolor": _LINES,
    "axes.labelcolor": _FAINT,
    "axes.titlecolor": _INK,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 12,
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}


def title(name: str) -> str:
    """The name of a recipe for a reader: ``Diffuse, then interpolate``."""
    return name.replace("-then-", ", then ").replace("-", " ").capitalize()


def limits(values: list[float]) -> tuple[float, float]:
    """Where an axis begins and ends, so that values from 0 to 1 have air around them."""
    low, high = min(values), max(values)
    air = 0.2 * max(high - low, 0.15)
    low, high = max(-0.03, low - air), min(1.03, high + air)
    return low, max(high, low + 0.1)


def chart(measures: Mapping[str, Measures], path: Path, *, best: str, note: str = "") -> Path:
    """Draw measures of recipes as a PNG, 1500 x 800 pixels.

    measures: by the names of recipes. best: the name of the one to emphasise. note: a line below.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure((10, 16 / 3), dpi=150, facecolor=GROUND)
        canvas = FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(1.55, 1))
        figure.subplots_adjust(0.075, 0.185, 0.975, 0.9, wspace=0.14)
        _pulse(right, measures, best)
        _scatter(left, measures, best)
        figure.text(0.075, 0.045, note, color=_FAINT, fontsize=9.5)
        canvas.print_png(path)
    return path


def _scatter(axes: Axes, measures: Mapping[str, Measures], best: str) -> None:
    """A point for each recipe, named beside it."""
    along = {name: (one.smoothness, one.response) for name, one in measures.items()}
    axes.set_xlim(*limits([x for x, _ in along.values()]))
    axes.set_ylim(*limits([y for _, y in along.values()]))
    axes.set_title("Response against smoothness")
    axes.set_xlabel("smoothness: freedom from jitter")
    axes.set_ylabel("response: change that follows the onsets")
    # Lines of equal products: further up and to the right is better.
    x, y = np.meshgrid(np.linspace(*axes.get_xlim(), 90), np.linspace(*axes.get_ylim(), 90))
    axes.contour(x, y, x * y, np.arange(0.05, 1, 0.05), colors=_LINES, linewidths=0.8, zorder=0)
    for name, point in along.items():
        if name == best:
            axes.plot(*point, "o", ms=22, mec=COLOURS[name], mfc="none", mew=1.5, zorder=5)
        axes.plot(*point, "o", ms=12, color=COLOURS[name], zorder=5)
    _name(axes, along, best)


def _name(axes: Axes, points: Mapping[str, tuple[float, float]], best: str) -> None:
    """Names beside points, where they cover neither each other nor a point."""
    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    inside = axes.get_window_extent(renderer)
    spots = [axes.transData.transform(point) for point in points.values()]
    taken = []
    for name, point in points.items():
        away = 17 if name == best else 11
        choices: list[tuple[float, float, str, str]] = [
            (away, 0, "left", "center"),
            (-away, 0, "right", "center"),
            (0, away, "center", "bottom"),
            (0, -away, "center", "top"),
            *((side, up, "left" if side > 0 else "right", "center")
              for up in (16, -16, 30, -30) for side in (away, -away)),
        ]  # fmt: skip

        def put(x: float, y: float, across: str, up: str, name: str = name, point: Any = point):
            return axes.annotate(
                title(name),
                point,
                (x, y),
                textcoords="offset points",
                ha=across,
                va=up,
                fontweight="bold" if name == best else "normal",
                bbox={"boxstyle": "square,pad=0.1", "fc": _PANEL, "ec": "none"},
            )

        for choice in choices:
            text: Annotation = put(*choice)
            box = text.get_window_extent(renderer)
            others = [
                spot for spot in spots if not np.allclose(spot, axes.transData.transform(point))
            ]
            free = inside.contains(*box.min) and inside.contains(*box.max)
            free &= not any(box.overlaps(other) for other in taken)
            free &= not any(box.padded(14).contains(*spot) for spot in others)
            if free or choice == choices[-1]:
                taken.append(box)
                break
            text.remove()


def _pulse(axes: Axes, measures: Mapping[str, Measures], best: str) -> None:
    """A bar for each recipe, its name above it."""
    axes.set_title("Pulse")
    axes.set_xlabel("share at the rhythm of the keyframes")
    axes.set_xlim(-0.05, 1.05)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_ylim(len(measures) - 0.35, -0.65)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for row, (name, one) in enumerate(measures.items()):
        axes.barh(row, 1, 0.2, color="#221d36")
        axes.barh(row, one.pulse, 0.2, color=COLOURS[name])
        weight = "bold" if name == best else "normal"
        axes.text(0, row - 0.2, title(name), va="bottom", fontweight=weight)
        axes.text(1, row - 0.2, f"{one.pulse:.2f}", va="bottom", ha="right", color=_FAINT)


_WIDE, _HIGH, _LEFT, _TOP, _RIGHT, _BOTTOM = 460, 320, 58, 10, 12, 44  # of the SVG, and its edges
_LETTERS = 17  # from one name to the next


def chart_html(measures: Mapping[str, Measures], *, best: str, note: str = "") -> str:
    """The same for a page: an SVG, bars and a table, as HTML in the colours of ``page.css``.

    measures: by the names of recipes. best: the name of the one to emphasise. note: a line below.
    """
    bars = "".join(
        f'<div class="pulse"><b>{title(name)}</b><span>{one.pulse:.2f}</span>'
        f'<div><i style="width:{100 * one.pulse:.1f}%;background:{COLOURS[name]}"></i></div></div>'
        for name, one in measures.items()
    )
    head = "".join(
        f"<th>{text}</th>" for text in ("recipe", "response", "lag", "smoothness", "pulse", "score")
    )
    rows = "".join(
        f"<tr{' class=best' if name == best else ''}>"
        f'<td><i style="background:{COLOURS[name]}"></i>{title(name)}</td>'
        f"<td>{one.response:.2f}</td><td>{one.lag:.0f} ms</td><td>{one.smoothness:.2f}</td>"
        f"<td>{one.pulse:.2f}</td><td>{one.score:.2f}</td></tr>"
        for name, one in measures.items()
    )
    return (
        '<div class="comparison"><figure><figcaption>Response against smoothness</figcaption>'
        f"{_svg(measures, best)}</figure><figure><figcaption>Pulse</figcaption>{bars}</figure>"
        f'</div><div class="figures"><table><thead><tr>{head}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><div class="hint">{note}</div>'
    )


def _svg(measures: Mapping[str, Measures], best: str) -> str:
    """The points, each with its name beside it."""
    across = limits([one.smoothness for one in measures.values()])
    along = limits([one.response for one in measures.values()])
    parts = []

    def place(value: float, ends: tuple[float, float], first: float, last: float) -> float:
        return first + (value - ends[0]) / (ends[1] - ends[0]) * (last - first)

    def x(value: float) -> float:
        return place(value, across, _LEFT, _WIDE - _RIGHT)

    def y(value: float) -> float:
        return place(value, along, _HIGH - _BOTTOM, _TOP)

    for value in _ticks(*across):
        parts.append(f'<path d="M{x(value):.1f} {_TOP}V{_HIGH - _BOTTOM}"/>')
        parts.append(f'<text x="{x(value):.1f}" y="{_HIGH - _BOTTOM + 16}">{value:g}</text>')
    for value in _ticks(*along):
        parts.append(f'<path d="M{_LEFT} {y(value):.1f}H{_WIDE - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y(value) + 4:.1f}" class="left">{value:g}</text>')
    middle = (_HIGH - _BOTTOM + _TOP) / 2
    parts.append(f'<text x="{(_WIDE + _LEFT) / 2}" y="{_HIGH - 6}">smoothness</text>')
    parts.append(f'<text x="12" y="{middle}" transform="rotate(-90 12 {middle})">response</text>')
    names = list(measures)
    heights = spread([y(measures[name].response) for name in names], _LETTERS)
    for name, height in zip(names, heights, strict=True):
        one = measures[name]
        left, weight = x(one.smoothness), ' class="best"' if name == best else ""
        near = left < (_WIDE + _LEFT) / 2
        side = f'x="{left + 17:.1f}"' if near else f'x="{left - 17:.1f}"'
        parts.append(
            f'<g style="--own:{COLOURS[name]}"{weight}>'
            f'<circle cx="{left:.1f}" cy="{y(one.response):.1f}" r="7"/>'
            f'<text {side} y="{min(height, _HIGH - _BOTTOM - 6) + 4:.1f}" '
            f'class="{"right" if near else "left"}">{title(name)}</text></g>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        f'aria-label="Response against smoothness">{"".join(parts)}</svg>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers within two ends, seven at most."""
    step = next(step for step in (0.02, 0.05, 0.1, 0.2) if (high - low) / step < 7)
    first = int(np.ceil(max(0.0, low) / step))
    return [round(index * step, 2) for index in range(first, int(high / step + 1e-9) + 1)]


def spread(heights: list[float], apart: float) -> list[float]:
    """Heights moved as little as need be to stand at least so far apart; in the same order."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    groups: list[list[int]] = []  # that stand as close as they may, each around its own mean

    def top(group: list[int]) -> float:
        mean = sum(heights[index] for index in group) / len(group)
        return mean - apart * (len(group) - 1) / 2

    for index in order:
        groups.append([index])
        while len(groups) > 1 and top(groups[-1]) < top(groups[-2]) + apart * len(groups[-2]):
            groups[-2:] = [groups[-2] + groups[-1]]
    moved = list(heights)
    for group in groups:
        for row, index in enumerate(group):
            moved[index] = top(group) + apart * row
    return moved
