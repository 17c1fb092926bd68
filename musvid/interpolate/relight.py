"""In-betweens that are lit by the spectrum of their own moment.

Paintings are few, but the spectrum of every moment is known, and costs nothing. So texture comes
from the two paintings around a moment, and light from the moment itself: where its spectrum is
brighter than the mixture of theirs, the mixture of the paintings is raised, and elsewhere lowered.
(Event cameras taught interpolation to use what is known of the time between two frames: Tulyakov et
al., "Time Lens: Event-based Video Frame Interpolation", CVPR 2021. Here the drawing is the event.)

The light of a picture is blurred to the two scales at which paintings follow it, broad light and
lines; their ratios, each to a power, make a gain, of which saturation takes a share; and what the
lines themselves gain is added. How a painting answers to light differs from prompt to prompt and
from strength to strength. So these few numbers are fitted when a video begins, by least squares on
its own first paintings: each of them is predicted from the one before and the one behind it. That
costs no painting more, and was better than any numbers for a whole model, see
``tests/benchmarks/relight.py``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import chain, islice, tee
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clock import every
from ..frame import Frame, Light
from . import blend

Floats: TypeAlias = NDArray[np.float32]
Lit: TypeAlias = tuple[Frame, Light]
Fill: TypeAlias = Callable[[Iterable[Frame], int], Iterator[Frame]]
Known: TypeAlias = Callable[[Callable[[], Sequence[float]]], Sequence[float]]
"""Gives the numbers of an earlier fit of the same paintings, or has them made."""

CELL = 4
"""Pixels a side for which a light is one number: what changes from there on is smooth."""
FINE_CELL = 2
"""The same where texture drifts across light: lines must be taken from where they were painted."""

# Standard deviations of the two blurs, in cells: broad light and lines.
_DEVIATIONS = {CELL: (7 / CELL, 3 / CELL), FINE_CELL: (10 / FINE_CELL, 3 / FINE_CELL)}
_STRIP = 64  # rows that are lit at a time, a multiple of both cells
_MOST = float(np.log(4))  # of the gain, either way

FITTED = 9
"""Paintings that are looked at."""

_SAMPLED = 64  # pixels a side of each
_SAMPLED_EACH = 32  # pixels a side, where each painting is predicted from either neighbour
_EVALUATIONS = 8
_STEP = 1e-3  # of a number, to see what it does: in single precision, a smaller one is lost
_TRUST = 0.02  # weight of the usual response against what is seen


@dataclass(frozen=True)
class Response:
    """How a painting answers to the light of its guide.

    broad, lines: the powers of the ratios of broad light and of lines. broad_floor, lines_floor:
        what is added to both sides of a ratio, 0 to 255, so that darkness stays dark.
    saturation: the power of the gain by which colours grow, where brightness grows by the gain.
    added: how much of the light that lines gain or lose is added as it is.

    The default is the middle of what was fitted for the styles of the embedded model.
    """

    broad: float = 0.3
    broad_floor: float = 2.2
    lines: float = 0.24
    lines_floor: float = 16.0
    saturation: float = 0.7
    added: float = 0.06


_LEAST = Response(0.02, 0.5, 0.02, 0.5, 0.2, -1.0)
_GREATEST = Response(2.0, 80.0, 2.0, 80.0, 2.0, 1.0)


def light_of(frame: Frame, cell: int = CELL) -> Light:
    """The light of a picture, whose sides are multiples of the cell."""
    height, width, channels = frame.shape
    flat = frame.reshape(height, width * channels).astype(np.float32)
    return _floats(cv2.resize(flat, (width // cell, height // cell), None, 0, 0, cv2.INTER_AREA))


def between(
    painted: Iterable[Frame],
    factor: int,
    *,
    light: Iterable[Light],
    guides: Iterable[Light] | None = None,
    fill: Fill = blend.between,
    response: Response | None = None,
    known: Known | None = None,
) -> Iterator[Frame]:
    """Interpolate and relight: ``(M - 1) * factor + 1`` frames from M paintings.

    light: of the spectrum at the moment of each frame that comes out, see `light_of`. The light of
        a frame is not asked for before the painting behind it.
    guides: the lights of the guides that were painted, M; by default every `factor`-th of `light`.
        Where a painting's guide has the light of its moment, the painting comes out unchanged.
    fill: what brings neighbours together, such as `musvid.interpolate.motion.between`.
    response: how the paintings answer to light; by default it is fitted.
    known: where the fit of an earlier render is kept; by default nowhere.

    Memory holds the first paintings while it is fitted, and then what `fill` holds.
    """
    lights = iter(light)
    if guides is None:
        lights, copies = tee(lights)
        guides = every(copies, factor)
    # Layers of the paintings, from the one before the frame that is made to the last that was read.
    layers: deque[Floats] = deque()
    found = response

    def read() -> Iterator[Frame]:
        nonlocal found
        source: Iterator[tuple[Frame, Light]] = zip(painted, guides)  # noqa: B905
        if found is None:
            first = list(islice(source, FITTED))
            found, source = recalled(lambda: fit(first), known), chain(first, source)
        for painting, guide in source:
            layers.append(_layers(guide, light_of(painting)))
            yield painting

    def lit(made: Iterator[Frame]) -> Iterator[Frame]:
        for number, frame in enumerate(made):
            step = number % factor
            if number and not step:
                layers.popleft()
            under = layers[0]
            if step:
                under = under + (layers[1] - under) * np.float32(step / factor)
            assert found is not None, "fitted when the first painting was read"
            yield relit(frame, next(lights), under, found)

    return lit(fill(read(), factor))


def recalled(fitted: Callable[[], Response], known: Known | None) -> Response:
    """The response that is known, or else the fitted one."""
    return Response(*known(lambda: astuple(fitted()))) if known else fitted()


def fit(paintings: Sequence[tuple[Frame, Light]]) -> Response:
    """The response with which each painting is best predicted from the two around it.

    paintings: with the lights of their guides. Of fewer than three, or where nothing changes, the
    usual response comes out.
    """
    known = [_sampled(*painting) for painting in paintings]
    return _fitted([
        (here, _mean(early_pixels, late_pixels), now, _mean(early, late))
        for (early_pixels, early), (here, now), (late_pixels, late) in zip(  # noqa: B905
            known, known[1:], known[2:]
        )
    ])  # fmt: skip


def fit_each(pairs: Sequence[tuple[Lit, Lit]]) -> Response:
    """The response with which the second painting of each pair, moved to one place, is best
    predicted from the first; each with the light of its guide. Without any, the usual one."""
    known = {id(lit): _sampled(*lit, _SAMPLED_EACH) for pair in pairs for lit in pair}  # each once
    return _fitted([
        (known[id(here)][0], known[id(other)][0], known[id(here)][1], known[id(other)][1])
        for other, here in pairs
    ], _STEP)  # fmt: skip


def _fitted(
    cases: Sequence[tuple[Floats, Floats, Floats, Floats]], step: float | None = None
) -> Response:
    """The response of cases: pixels, those they are predicted from, and the layers of both."""
    if not cases:
        return Response()
    blended = np.mean([((pixels - here) ** 2).mean() for here, pixels, _, _ in cases])
    scale = (sum(here.size for here, *_ in cases) * (blended + 1e-3)) ** -0.5
    usual = _numbers(Response())

    def errors(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        response = _response(numbers)
        found = [
            _predicted(pixels, *_gain(now, under, response)) - here
            for here, pixels, now, under in cases
        ]
        weighed = [scale * error.ravel() for error in found]
        return np.concatenate([*weighed, _TRUST**0.5 * (numbers - usual)])

    from scipy.optimize import least_squares  # takes a moment to load

    bounds = _numbers(_LEAST), _numbers(_GREATEST)
    found = least_squares(errors, usual, bounds=bounds, max_nfev=_EVALUATIONS, diff_step=step)
    # The last bits of a sum, which differ with the number of threads, must not show.
    return _response(np.round(found.x, 2))


def _layers(guide: Light, painting: Light, cell: int = CELL) -> Floats:
    """What of a moment can be mixed with the next one: (4, height / cell, width / cell), the
    guide's broad light, its lines and its light as it is, and the painting's own."""
    return np.stack([*light_layers(guide, cell), painting])


def light_layers(light: Light, cell: int = CELL) -> Floats:
    """Of a light: as broad light, as lines, and as it is, (3, height / cell, width / cell)."""
    blurred = [cv2.GaussianBlur(light, (0, 0), deviation) for deviation in _DEVIATIONS[cell]]
    return np.stack([*blurred, light])


def _gain(now: Floats, under: Floats, response: Response) -> tuple[Floats, Floats]:
    """By what a mixture is multiplied, and what is added to it, from the layers of a moment and
    those of the mixture."""
    rise = response.broad * _log_ratio(now[0], under[0], response.broad_floor)
    rise += response.lines * _log_ratio(now[1], under[1], response.lines_floor)
    np.clip(rise, -_MOST, _MOST, out=rise)
    colours = np.exp(response.saturation * rise)
    # Brightness grows by the whole gain: what colours lack of it is added as white.
    added = under[3] * (np.exp(rise) - colours) + response.added * (now[2] - under[2])
    return colours, added


def _log_ratio(now: Floats, under: Floats, floor: float) -> Floats:
    return _floats(np.log((now + np.float32(floor)) / (under + np.float32(floor))))


def relit(frame: Frame, light: Light, under: Floats, response: Response) -> Frame:
    """A frame that has the layers `under`, under another light; see `_layers`."""
    return relit_to(frame, light_layers(light), under, response)


def relit_to(frame: Frame, now: Floats, under: Floats, response: Response) -> Frame:
    """A frame that has the layers `under`, with the light of the layers `now`."""
    if np.array_equal(now, under[:3]):
        return frame
    cell = len(frame) // now.shape[1]
    gain, added = (_bordered(part) for part in _gain(now, under, response))
    made = np.empty(frame.shape, np.uint8)  # in this order, whichever the frame has
    # In strips, so that what is in between stays in the processor's cache.
    for top in range(0, len(frame), _STRIP):
        rows = slice(top, min(top + _STRIP, len(frame)))
        factor, summand = (_enlarged(part, rows, frame.shape[1], cell) for part in (gain, added))
        raised = cv2.multiply(frame[rows], factor, dtype=cv2.CV_32F)
        cv2.add(raised, summand, dst=made[rows], dtype=cv2.CV_8U)
    return made


def _bordered(layer: Floats) -> Floats:
    """Three channels of a layer, with a row more above and below."""
    return _floats(cv2.copyMakeBorder(cv2.merge([layer] * 3), 1, 1, 0, 0, cv2.BORDER_REPLICATE))


def _enlarged(bordered: Floats, rows: slice, width: int, cell: int) -> Floats:
    """Some rows of a bordered layer at full size, by linear interpolation."""
    part = bordered[rows.start // cell : rows.stop // cell + 2]
    return _floats(cv2.resize(part, (width, cell * len(part)))[cell:-cell])


def _sampled(painting: Frame, guide: Light, count: int = _SAMPLED) -> tuple[Floats, Floats]:
    """Some pixels of a painting, (count^2, 3), and its layers there, (4, count^2)."""
    rows, columns = (
        ((np.arange(count) + 0.5) * side / count).astype(int) for side in painting.shape[:2]
    )
    cell = len(painting) // len(guide)
    layers = _layers(guide, light_of(painting, cell), cell)
    pixels = painting[rows[:, None], columns].reshape(-1, 3)
    return pixels.astype(np.float32), layers[:, rows[:, None] // cell, columns // cell].reshape(
        4, -1
    )


def _predicted(pixels: Floats, gain: Floats, added: Floats) -> Floats:
    return np.clip(pixels * gain[:, None] + added[:, None], 0, 255)


def _numbers(response: Response) -> NDArray[np.float64]:
    """A response as numbers of one scale, for a fit: logarithms of all that is above 0."""
    *powers, added = astuple(response)
    return np.array([*np.log(powers), added])


def _response(numbers: NDArray[np.float64]) -> Response:
    return Response(*map(float, [*np.exp(numbers[:-1]), numbers[-1]]))


def _mean(early: Floats, late: Floats) -> Floats:
    return (early + late) / np.float32(2)


def _floats(array: object) -> Floats:
    return np.asarray(array, np.float32)
