"""In-betweens of paintings whose texture drifts, in step with it.

How far texture moves is known exactly. So the gap between two paintings is filled in the world,
where texture stands still: both canvases cover the window's whole way from one to the other, and
what any interpolator makes of their common part is then cut to the window of its own moment, to a
fraction of a pixel.

The light of a guide stays where the method puts it, and on its canvas it lies elsewhere in the
world than the other one's. A mixture of two such paintings has the light of neither. So both are
relit to one light between theirs before the gap is filled, and what is cut from it to the light of
its own moment (see `musvid.interpolate.relight`): the gains of one after the other are those of
relighting each painting to the moment, at the price of relighting once a frame.

Of symmetric canvases only the left halves are worked on, and frames are mirrored at the end.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from itertools import chain, groupby, islice, repeat

import numpy as np
from numpy.typing import NDArray

from .._device import abreast, cores
from ..frame import Frame, Light, closed, whole
from ..paint.course import Course, Span, moved
from . import relight
from ._retime import retime

Floats = NDArray[np.float32]

_CELL = relight.FINE_CELL  # of every light here
_AROUND = 3  # pixels beside a window that a cut between pixels looks at


@dataclass(frozen=True, eq=False)
class _Painting:
    """A painted canvas, and where it lies; where it will be relit, the light of its guide and the
    layers of that, see `musvid.interpolate.relight`."""

    canvas: Frame
    span: Span
    guide: Light
    layers: Floats


@dataclass(frozen=True, eq=False)
class _Moment:
    """A frame of the video before it is cut and lit.

    picture, start: what fills its gap there, and where in the world that begins. offset: of the
    frame. part: of the way from one painting to the other. light: of the moment, where it is relit.
    """

    picture: Frame
    start: float
    offset: float
    part: Fraction
    light: Light | None


def between(
    canvases: Iterable[Frame],
    factor: int,
    *,
    course: Course,
    fill: Callable[[Iterable[Frame], int], Iterator[Frame]],
    light: Iterable[Light] | None = None,
    guides: Iterable[Light] | None = None,
    known: relight.Known | None = None,
    response: relight.Response | None = None,
) -> Iterator[Frame]:
    """The frames of a video from its painted canvases: `course.clock.frames`, of the painted size.

    canvases: as `course.canvas` lays them out, painted. factor: frames from one to the next.
    light: the light of the spectrum at the moment of each frame of the video, in fine cells.
    guides: the lights of the guides that were painted, likewise. Both, or none, and then nothing
        is relit. known, response: see `musvid.interpolate.relight.between`.

    A frame at a painting's own moment is cut from that alone, and lit where its light differs.
    Memory holds the first paintings while the response to light is fitted, and then two.
    """
    lights, around = (None if light is None else iter(light)), deque[_Painting]()
    painted = _read(canvases, guides if light is not None else None, course)
    if lights is None:
        response = None
    elif response is None:
        first = list(islice(painted, relight.FITTED))
        response = relight.recalled(partial(_fit, first, course), known)
        painted = chain(first, painted)
        del first
    each: Iterator[Light | None] = repeat(None) if lights is None else lights
    reached = -1  # the number of the last painting that was read
    places = ((number, place) for number, place in enumerate(course.clock.places))
    for early, group in groupby(places, key=lambda item: math.floor(item[1] / factor)):
        wanted = [(number, place - early * factor) for number, place in group]
        while reached < early + bool(wanted[-1][1]):
            around.append(next(painted))
            reached += 1
            while len(around) > 2 or (around and reached - len(around) + 1 < early):
                around.popleft()
        gap = _Gap((around[0], around[-1]), course, response)
        with closed(_filled(gap, factor, [place for _, place in wanted], fill)) as made:
            moments = (
                _Moment(picture, start, course.frame(number), place / factor, light)
                for (number, place), (picture, start), light in zip(wanted, made, each)  # noqa: B905
            )
            if response is not None and wanted[-1][1]:
                _ = gap.layers  # once, before several threads ask for them
            # Gap by gap: the last frame of one does not wait for the painting behind the next one.
            yield from abreast(gap.frame, moments, min(cores(), len(wanted)))


def _read(
    canvases: Iterable[Frame], guides: Iterable[Light] | None, course: Course
) -> Iterator[_Painting]:
    dark = np.zeros((0, 0), np.float32)
    if guides is None:
        for number, canvas in enumerate(canvases):
            yield _Painting(_left(canvas, course), course.span(number), dark, dark)
        return
    for number, (canvas, guide) in enumerate(zip(canvases, guides)):  # noqa: B905
        layers = relight.light_layers(guide, _CELL)
        layers = _half(layers, course) if course.symmetric else layers
        yield _Painting(_left(canvas, course), course.span(number), guide, layers)


def _fit(paintings: Sequence[_Painting], course: Course) -> relight.Response:
    """The response of the paintings: each one, predicted from either neighbour in its place."""

    def seen(painting: _Painting, offset: float) -> relight.Lit:
        frame = _whole(course.cut(painting.canvas, offset - painting.span.start), course)
        return frame, _moved_light(painting.guide, offset - painting.span.offset, course)

    pairs = []
    for early, here, late in zip(paintings, paintings[1:], paintings[2:]):  # noqa: B905
        offset = here.span.offset
        own = seen(here, offset)
        pairs += [(seen(early, offset), own), (seen(late, offset), own)]
    return relight.fit_each(pairs)


class _Gap:
    """Two paintings that follow each other, and the part of the world that both show."""

    def __init__(
        self, ends: tuple[_Painting, _Painting], course: Course, response: relight.Response | None
    ) -> None:
        self._ends, self._course, self._response = ends, course, response
        offsets = [end.span.offset for end in ends]
        # Whole cells of light, as the ends of canvases are.
        least = (math.floor(min(offsets)) - _AROUND) // _CELL * _CELL
        most = -(-(math.ceil(max(offsets)) + course.length + _AROUND) // _CELL)
        self.start = max(least, *(end.span.start for end in ends))
        self._stop = min(most * _CELL, *(end.span.stop for end in ends))
        self._axis = int(course.drift.sideways)

    @property
    def early(self) -> _Painting:
        return self._ends[0]

    @cached_property
    def canvases(self) -> list[Frame]:
        """The common part of both, under one light where they will be relit."""
        canvases = [
            moved(end.canvas, self.start - end.span.start, self._stop - self.start, self._axis)
            for end in self._ends
        ]
        if self._response is None:
            return canvases
        made = []
        for canvas, under in zip(canvases, self._lights, strict=True):
            # What the lines themselves gain is added when light is that of the moment.
            now = np.stack([*self._between, under[2]])
            layers = np.stack([*under, relight.light_of(canvas, _CELL)])
            made.append(relight.relit_to(canvas, now, layers, self._response))
        return made

    @cached_property
    def _lights(self) -> list[Floats]:
        """The layers of both guides."""
        count = (self._stop - self.start) // _CELL
        return [
            np.stack([
                moved(layer, (self.start - end.span.offset) / _CELL, count, self._axis)
                for layer in end.layers
            ])
            for end in self._ends
        ]  # fmt: skip

    @cached_property
    def _between(self) -> Floats:
        """The light under which the gap is filled, broad and lines: between the two by ratio, so
        that neither painting is raised or lowered by more than half of what parts them."""
        assert self._response is not None, "only what is relit has a light"
        floors = np.array([self._response.broad_floor, self._response.lines_floor], np.float32)
        early, late = (light[:2] + floors[:, None, None] for light in self._lights)
        return np.sqrt(early * late) - floors[:, None, None]

    @cached_property
    def layers(self) -> list[Floats]:
        """The layers of both canvases, (height / 2, width / 2, 4)."""
        return [
            np.stack([*self._between, light[2], relight.light_of(canvas, _CELL)], axis=-1)
            for light, canvas in zip(self._lights, self.canvases, strict=True)
        ]

    def frame(self, moment: _Moment) -> Frame:
        """The frame of a moment; safe to call from several threads."""
        course, response = self._course, self._response
        frame = course.cut(moment.picture, moment.offset - moment.start)
        if moment.light is not None and response is not None:
            now = _half(relight.light_layers(moment.light, _CELL), course)
            under = self.under(float(moment.part), moment.offset)
            frame = relight.relit_to(frame, now, under, response)
        return _whole(frame, course)

    def under(self, part: float, offset: float) -> Floats:
        """The layers of what is cut at an offset from the filled gap, so far from one end to the
        other; from the early painting alone at 0."""
        if not part:
            return self._own(self.early, offset)
        early, late = self.layers
        mixed = early + (late - early) * np.float32(part)
        place, count = (offset - self.start) / _CELL, self._course.length // _CELL
        return np.ascontiguousarray(moved(mixed, place, count, self._axis).transpose(2, 0, 1))

    def _own(self, end: _Painting, offset: float) -> Floats:
        way, count = offset - end.span.offset, self._course.length // _CELL
        if way:
            light = [moved(layer, way / _CELL, count, self._axis) for layer in end.layers]
        else:
            light = list(_half(end.layers, self._course))
        place = (offset - end.span.start) / _CELL
        own = moved(relight.light_of(end.canvas, _CELL), place, count, self._axis)
        return np.stack([*light, own])


def _filled(
    gap: _Gap,
    factor: int,
    places: list[Fraction],
    fill: Callable[[Iterable[Frame], int], Iterator[Frame]],
) -> Iterator[tuple[Frame, float]]:
    """What stands at places of a gap, 0 to `factor`, and where in the world it begins."""
    if not places[0]:
        yield gap.early.canvas, gap.early.span.start
        places = places[1:]
    if not places:
        return
    with closed(retime(fill(gap.canvases, factor), places)) as made:
        for picture in made:
            yield picture, gap.start


def _left(canvas: Frame, course: Course) -> Frame:
    """What says all of a canvas: of a symmetric one, its left half."""
    if not course.symmetric:
        return canvas
    return np.ascontiguousarray(canvas[:, : course.size[0] // 2])


def _whole(frame: Frame, course: Course) -> Frame:
    """The picture that a cut from such canvases stands for."""
    return whole(frame) if course.symmetric else course.whole(frame)


def _half(layers: Floats, course: Course) -> Floats:
    """Of layers of a whole picture, those of what is worked on."""
    if course.symmetric:
        return np.ascontiguousarray(layers[..., : course.size[0] // 2 // _CELL])
    return layers[..., : course.length // _CELL] if course.drift.mirrored else layers


def _moved_light(light: Light, way: float, course: Course) -> Light:
    """The light of a guide so many pixels on, continued by its borders as its canvas is."""
    if not way:
        return light
    axis, count = int(course.drift.sideways), course.length // _CELL
    return course.whole(moved(light, way / _CELL, count, axis))
