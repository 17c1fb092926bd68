"""The stage: finished frames of the strip in, pictures of the file's size out."""

from __future__ import annotations

import math
import queue
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import chain, repeat
from typing import Any

import cv2
import numpy as np

from .._device import abreast, cores
from ..frame import Frame, mirrored
from ..keys import Keys, shares
from ..looping import Loop
from ..music.along import FINISH
from .camera import STILL, Beat, Curves, Pose, Rounds, pose
from .cover import Disc
from .finish import finished, tone
from .flashes import luminance
from .projections import Field, folds, projection
from .sampling import FINE, Sampler
from .settings import (
    FLAT,
    HORIZON,
    MANDALA,
    RIM,
    RING,
    TUNNEL,
    Camera,
    Finish,
    Looks,
    View,
    suited,
)

LOW = {TUNNEL: 0.08, MANDALA: 0.08, HORIZON: 0.06}
"""The part of the strip at its foot that is left out: so low there is hardly ever a sound, and it
would be a dark middle."""

_STEP = 6  # of the pixels that are measured: the 180 of 1080 rows that are read


def changes(view: View, camera: Camera, finish: Finish) -> bool:
    """Whether resolved settings show anything but the frames as they are."""
    return view.kind != FLAT or view.shown is not None or camera.moves or finish.changes


@dataclass(frozen=True, eq=False)
class Shot:
    """How a strip is seen.

    size: (width, height) of the pictures, in pixels.
    view, camera, finish: resolved ones.
    beat: what the camera follows; without one it follows nothing.
    by: how settings of camera and finish change along the song, see `camera.curves`.
    often: how many pictures are shown of each frame, one after the other.
    first: the number of the first picture, by which grain is told apart.
    cover: what is shown in the middle of a ring, see `cover.load`.
    along: kinds of view along time, which take the place of the view's own; one dissolves into the
        next. Each has the camera and finish that suit it, see `settings.suited`.
    loop: of a clip that is one, by which the camera comes back. symmetric: whether the right half
        of the strip mirrors the left one.
    """

    size: tuple[int, int]
    view: View
    camera: Camera
    finish: Finish
    beat: Beat | None = None
    by: Curves = field(default_factory=dict)
    often: int = 1
    cover: Frame | None = None
    along: Keys = ()
    first: int = 0
    loop: Loop | None = None
    symmetric: bool = False

    @property
    def plain(self) -> bool:
        """Whether frames are shown as they are."""
        return not (self.along or changes(self.view, self.camera, self.finish) or self.by)

    def rounds(self, view: View) -> Rounds | None:
        """How the camera comes back in a view, or None where it does not."""
        if self.loop is None:
            return None
        return Rounds(self.loop, folds(view, symmetric=self.symmetric))

    def each(
        self, frames: Iterable[Frame], times: Iterable[Fraction | float]
    ) -> Iterator[tuple[Frame, float]]:
        """The frame and the time of each picture."""
        often = chain.from_iterable(repeat(frame, self.often) for frame in frames)
        return ((frame, float(time)) for frame, time in zip(often, times))  # noqa: B905


def view(frames: Iterable[Frame], times: Iterable[Fraction | float], shot: Shot) -> Iterator[Frame]:
    """Frames as they are seen.

    frames: of the strip, uint8 (height, width, 3), all of one size.
    times: the moment of each picture, in seconds from the beginning of the file.
    shot: how they are seen. By a plain one, they pass as they are, in their own size.

    There are `shot.often` pictures of each frame, or fewer of the last one, as there are times. A
    picture is a function of its frame, its time and its number, and of no other frame.
    """
    if shot.plain:
        yield from (frame for frame, _ in shot.each(frames, times))
        return
    yield from _seen(frames, times, shot)


def luminances(
    frames: Iterable[Frame], times: Iterable[Fraction | float], shot: Shot
) -> Iterator[float]:
    """The mean relative luminance of each picture that `view` makes, see `flashes.luminance`.

    It is that of some of the picture's pixels, which takes a fraction of the time. Parameters as
    for `view`.
    """
    if shot.plain:
        yield from (luminance(frame) for frame, _ in shot.each(frames, times))
        return
    by = {name: curve for name, curve in shot.by.items() if name != "grain"}
    smooth = replace(shot, finish=replace(shot.finish, grain=0.0), by=by)
    yield from map(luminance, _seen(frames, times, smooth, step=_STEP, fine=1))


def _seen(
    frames: Iterable[Frame],
    times: Iterable[Fraction | float],
    shot: Shot,
    *,
    step: int = 1,
    fine: int = FINE,
) -> Iterator[Frame]:
    """The pictures, or every `step`-th pixel of them.

    Several are made at a time, where that is worth it: each by a thread with eyes of its own.
    """
    workers = cores() if step == 1 else 1
    idle: queue.SimpleQueue[_Viewer] = queue.SimpleQueue()
    for _ in range(workers):
        idle.put(_Viewer(shot, step, fine))

    def seen(job: tuple[int, tuple[Frame, float]]) -> Frame:
        number, (frame, time) = job
        viewer = idle.get()
        try:
            return viewer.picture(frame, time, Fraction(number, shot.often))
        finally:
            idle.put(viewer)

    jobs = enumerate(shot.each(frames, times), shot.first)
    return map(seen, jobs) if workers == 1 else abreast(seen, jobs, workers)


class _Viewer:
    """Sees strips in all ways that a shot has, one picture after the other."""

    def __init__(self, shot: Shot, step: int, fine: int) -> None:
        self._shot, self._step, self._fine = shot, step, fine
        sides = [len(range(0, side, step)) for side in shot.size[::-1]]
        self._fields = [np.empty(sides, np.float32) for _ in range(2)]  # for all pictures
        self._eyes: dict[str, _Eye] = {}

    def picture(self, frame: Frame, time: float, number: Fraction) -> Frame:
        """A frame as it is seen at a moment of the file."""
        shot, made = self._shot, []
        there = shares(shot.along, time) if shot.along else ((shot.view.kind, 1.0),)
        for kind, _ in there:
            if kind not in self._eyes:
                looks = suited((shot.view, shot.camera, shot.finish), kind)
                self._eyes[kind] = _Eye(frame, shot, looks, self._step, self._fine)
            made.append(self._eyes[kind].picture(frame, time, number, self._fields))
        if len(made) == 1:
            return made[0]
        (_, old), (_, new) = there
        return np.asarray(cv2.addWeighted(made[0], old, made[1], new, 0), np.uint8)


class _Eye:
    """One way of seeing strips of one size."""

    def __init__(self, frame: Frame, shot: Shot, looks: Looks, step: int, fine: int) -> None:
        settings, self._camera, self._finish = looks
        self._shot, self._step = shot, step
        self._low = round(LOW.get(settings.kind, 0) * len(frame))
        self._turned = settings.foot == RIM and settings.kind != FLAT
        strip = frame.shape[1], frame.shape[0] - self._low
        made = projection(settings, strip, shot.size)
        self._rounds = shot.rounds(settings)
        self._sampler = Sampler(made, strip, shot.size, fine=fine)
        self._disc: Disc | None = None
        if shot.cover is not None and settings.kind == RING:
            self._disc = Disc(shot.cover, shot.size, step=step)

    def picture(
        self, frame: Frame, time: float, number: Fraction, fields: Sequence[Field | None]
    ) -> Frame:
        """A frame as it is seen at a moment of the file."""
        frame = frame[: len(frame) - self._low]
        if self._turned:
            frame = np.ascontiguousarray(frame[::-1])
        if mirrored(frame):
            frame = frame[:, : frame.shape[1] // 2]
        by, rounds, finish = self._shot.by, self._rounds, self._finish
        seen = pose(self._camera, time, self._shot.beat or STILL, by, rounds)
        if moved := by.keys() & set(FINISH):
            changed: dict[str, Any] = {
                name: rounds.value(by[name].at, time) if rounds else by[name].at(time)
                for name in moved
            }
            finish = replace(finish, **changed)
        x, y = places(self._shot.size, seen, fields, step=self._step)
        picture = self._sampler.picture(tone(frame, finish), x, y, seen.zoom)
        lay = partial(self._disc.lay, seen=seen) if self._disc else None
        return finished(picture, finish, number, lay)


def places(
    size: tuple[int, int],
    seen: Pose,
    fields: Sequence[Field | None] = (None, None),
    *,
    step: int = 1,
) -> tuple[Field, Field]:
    """What the camera sees at each pixel, or at every `step`-th one of every `step`-th row: x and y
    from the middle, in halves of the shorter side.

    Each float32 (height, width), of which the two `fields` may be the memory.
    """
    width, height = size
    half = min(size) / 2
    x = (np.arange(0, width, step) + 0.5 - width / 2) / half - seen.x
    y = (np.arange(0, height, step) + 0.5 - height / 2) / half - seen.y
    along = math.cos(seen.angle) / seen.zoom
    aside = math.sin(seen.angle) / seen.zoom
    lines = [line.astype(np.float32) for line in (aside * y, along * x, along * y, -aside * x)]
    return (
        np.add.outer(lines[0], lines[1], out=fields[0]),
        np.add.outer(lines[2], lines[3], out=fields[1]),
    )
