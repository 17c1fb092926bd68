"""A plot of a comparison: response against smoothness, and pulse beside it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OutputError
from ..frame import Frame
from ..video.grid import GROUND
from .measure import Measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

COLOURS = {
    "every-frame": "#fbbf24",
    "diffuse-then-interpolate": "#38bdf8",
    "interpolate-then-diffuse": "#f472b6",
    "hybrid": "#8b5cf6",
    "relit": "#34d399",
}
"""A colour for each recipe."""

_MAKER = "musvid"  # what a plot says of itself
_INK, _FAINT, _LINES, _PANEL = "#f5f3ff", "#9d94b8", "#322b4d", "#171425"
_STYLE: Any = {
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
    "svg.fonttype": "none",  # letters stay letters, in the fonts of whoever looks
    "svg.hashsalt": "musvid",  # the same ids every time
    "font.family": ["DejaVu Sans", "sans-serif"],
}


def title(name: str) -> str:
    """The name of a recipe for a reader: ``Diffuse, then interpolate``."""
    return name.replace("-then-", ", then ").replace("-", " ").capitalize()


def limits(values: list[float]) -> tuple[float, float]:
    """The limits of an axis, with a margin around values from 0 to 1."""
    low, high = min(values), max(values)
    air = 0.2 * max(high - low, 0.15)
    low, high = max(-0.03, low - air), min(1.03, high + air)
    return low, max(high, low + 0.1)


def chart(measures: Mapping[str, Measures], path: Path, *, best: str, note: str = "") -> Path:
    """Draw measures of recipes as a PNG, 1500 x 800 pixels.

    measures: by the names of recipes. best: the name of the one to emphasise. note: a line below.
    """
    with _figure(10, 16 / 3) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.55, 1))
        figure.subplots_adjust(0.075, 0.185, 0.975, 0.9, wspace=0.14)
        _pulse(right, measures, best)
        _scatter(left, measures, best)
        figure.text(0.075, 0.045, note, color=_FAINT, fontsize=9.5)
        figure.savefig(path, format="png", metadata={"Software": _MAKER})
    return path


def save_picture(picture: Frame, path: Path) -> Path:
    """Write a picture as a PNG that `is_chart` knows again. Raises OutputError."""
    from PIL import Image, PngImagePlugin

    note = PngImagePlugin.PngInfo()
    note.add_text("Software", _MAKER)
    try:
        Image.fromarray(picture).save(path, "PNG", pnginfo=note, compress_level=3)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OutputError(f"The picture {path} cannot be written ({error.strerror}).") from None
    return path


def is_chart(path: Path) -> bool:
    """Whether a file is a picture of a comparison: one of `chart`, or of `save_picture`."""
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            return picture.info.get("Software") == _MAKER
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def drawings(measures: Mapping[str, Measures], *, best: str) -> tuple[str, str]:
    """The two parts of the same chart as SVG texts, which a page can put beside each other.

    Each recipe's point has the id ``point-NAME``, and its bar ``pulse-NAME``.
    """
    made = []
    for draw, width in ((_scatter, 6.2), (_pulse, 3.8)):
        with _figure(width, 4.4) as figure:
            axes = figure.subplots()
            side = 0.7 / width
            figure.subplots_adjust(side, 0.13, 1 - 0.25 / width, 0.9)
            draw(axes, measures, best)
            text = io.StringIO()
            figure.savefig(text, format="svg", metadata={"Date": None})
        made.append("<svg" + text.getvalue().partition("<svg")[2])
    return made[0], made[1]


@contextmanager
def _figure(width: float, height: float) -> Iterator[Figure]:
    """An empty figure in the colours of the page, in inches of 150 pixels."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure((width, height), dpi=150, facecolor=GROUND)
        FigureCanvasAgg(figure)
        yield figure


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
        axes.plot(*point, "o", ms=12, color=COLOURS[name], zorder=5, gid=f"point-{name}")
    _name(axes, along, best)


def _name(axes: Axes, points: Mapping[str, tuple[float, float]], best: str) -> None:
    """Names beside points, placed so that they cover neither each other nor a point."""
    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    inside = axes.get_window_extent(renderer)
    spots = [axes.transData.transform(point) for point in points.values()]
    taken: list[Any] = []
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

        def put(
            x: float, y: float, across: str, up: str, name: str = name, point: Any = point
        ) -> Any:
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
        (drawn,) = axes.barh(row, one.pulse, 0.2, color=COLOURS[name])
        drawn.set_gid(f"pulse-{name}")
        weight = "bold" if name == best else "normal"
        axes.text(0, row - 0.2, title(name), va="bottom", fontweight=weight)
        axes.text(1, row - 0.2, f"{one.pulse:.2f}", va="bottom", ha="right", color=_FAINT)
