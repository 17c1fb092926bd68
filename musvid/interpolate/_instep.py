"""In-betweens of paintings whose texture drifts, in step with it.

How far texture moves is known exactly. So the gap between two paintings is filled in the world,
where texture stands still: both canvases cover the window's whole way from one to the other, and
what any interpolator makes of their common part is then cut to the window of its own moment, to a
fraction of a pixel. The light of the two guides was moved with their canvases; the moment's own
light takes its place (see `musvid.interpolate.relight`), which stays where the method puts it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain, groupby, islice

import numpy as np
from numpy.typing import NDArray

from ..frame import Frame, Light, closed
from ..paint.course import Course, Span, moved
from . import relight
from ._retime import retime

Floats = NDArray[np.float32]

_AROUND = 3  # pixels beside a window that a cut between pixels looks at


@dataclass(frozen=True, eq=False)
class _Painting:
    """A painted canvas, and where it lies; where it will be relit, the light of its guide, the
    layers of that (see `musvid.interpolate.relight`), and the canvas' own light."""

    canvas: Frame
    span: Span
    guide: Light
    layers: Floats
    light: Light


def between(
    canvases: Iterable[Frame],
    factor: int,
    *,
    course: Course,
    fill: Callable[[Iterable[Frame], int], Iterator[Frame]],
    light: Iterable[Light] | None = None,
    guides: Iterable[Light] | None = None,
    known: relight.Known | None = None,
) -> Iterator[Frame]:
    """The frames of a video from its painted canvases: `course.clock.frames`, of the painted size.

    canvases: as `course.canvas` lays them out, painted. factor: frames from one to the next.
    light: the light of the spectrum at the moment of each frame of the video. guides: the lights of
        the guides that were painted. Both, or none, and then nothing is relit. known: see
    `musvid.interpolate.relight.between`.

    A frame at a painting's own moment is cut from that alone, and lit where its light differs.
    Memory holds the first paintings while the response to light is fitted, and then two.
    """
    lights, around = (None if light is None else iter(light)), deque[_Painting]()
    painted = _read(canvases, guides if light is not None else None, course)
    response: relight.Response | None = None
    if lights is not None:
        first = list(islice(painted, relight.FITTED))
        response = relight.recalled(partial(_fit, first, course), known)
        painted = chain(first, painted)
        del first
    reached = -1  # the number of the last painting that was read
    places = ((number, place) for number, place in enumerate(course.clock.places))
    for gap, group in groupby(places, key=lambda item: math.floor(item[1] / factor)):
        wanted = [(number, place - gap * factor) for number, place in group]
        while reached < gap + bool(wanted[-1][1]):
            around.append(next(painted))
            reached += 1
            while len(around) > 2 or (around and reached - len(around) + 1 < gap):
                around.popleft()
        ends = around[0], around[-1]
        with closed(_filled(ends, factor, [place for _, place in wanted], course, fill)) as made:
            for (number, place), (picture, start) in zip(wanted, made, strict=True):
                offset = course.frame(number)
                frame = course.whole(course.cut(picture, offset - start))
                if lights is not None and response is not None:
                    under = _under(ends, float(place / factor), offset, course)
                    frame = relight.relit(frame, next(lights), under, response)
                yield frame


def _read(
    canvases: Iterable[Frame], guides: Iterable[Light] | None, course: Course
) -> Iterator[_Painting]:
    dark = np.zeros((0, 0), np.float32)
    if guides is None:
        for number, canvas in enumerate(canvases):
            yield _Painting(canvas, course.span(number), dark, dark, dark)
        return
    for number, (canvas, guide) in enumerate(zip(canvases, guides)):  # noqa: B905
        span, layers = course.span(number), relight.light_layers(guide)
        yield _Painting(canvas, span, guide, layers, relight.light_of(canvas))


def _fit(paintings: Sequence[_Painting], course: Course) -> relight.Response:
    """The response of the paintings: each one, predicted from the two around it in its place."""

    def seen(painting: _Painting, offset: float) -> relight.Lit:
        frame = course.whole(course.cut(painting.canvas, offset - painting.span.start))
        return frame, _moved_light(painting.guide, offset - painting.span.offset, course)

    return relight.fit_between([
        (seen(early, here.span.offset), seen(here, here.span.offset), seen(late, here.span.offset))
        for early, here, late in zip(paintings, paintings[1:], paintings[2:])  # noqa: B905
    ])  # fmt: skip


def _filled(
    ends: tuple[_Painting, _Painting],
    factor: int,
    places: list[Fraction],
    course: Course,
    fill: Callable[[Iterable[Frame], int], Iterator[Frame]],
) -> Iterator[tuple[Frame, float]]:
    """What stands at places of a gap, 0 to `factor`, and where in the world it begins."""
    early, late = ends
    if not places[0]:
        yield early.canvas, early.span.start
        places = places[1:]
    if not places:
        return
    offsets = early.span.offset, late.span.offset
    least = max(early.span.start, late.span.start, math.floor(min(offsets)) - _AROUND)
    most = math.ceil(max(offsets)) + course.length + _AROUND
    most = min(early.span.stop, late.span.stop, most)
    axis = int(course.drift.sideways)
    common = (
        moved(end.canvas, least - end.span.start, most - least, axis) for end in (early, late)
    )
    with closed(retime(fill(common, factor), places)) as made:
        for picture in made:
            yield picture, least


def _under(ends: tuple[_Painting, _Painting], part: float, offset: float, course: Course) -> Floats:
    """The layers of a mixture of two paintings, of which each was moved with its light."""
    early = _layers_at(ends[0], offset, course)
    if not part:
        return early
    late = _layers_at(ends[1], offset, course)
    return early + (late - early) * np.float32(part)


def _layers_at(painting: _Painting, offset: float, course: Course) -> Floats:
    span = painting.span
    guide = [_moved_light(layer, offset - span.offset, course) for layer in painting.layers]
    axis, count = int(course.drift.sideways), course.length // relight.CELL
    own = course.whole(moved(painting.light, (offset - span.start) / relight.CELL, count, axis))
    return np.stack([*guide, own])


def _moved_light(light: Light, way: float, course: Course) -> Light:
    """The light of a guide so many pixels on, continued by its borders as its canvas is."""
    if not way:
        return light
    axis, count = int(course.drift.sideways), course.length // relight.CELL
    return course.whole(moved(light, way / relight.CELL, count, axis))
