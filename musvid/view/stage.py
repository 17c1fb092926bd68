"""The stage: finished frames of the strip in, pictures of the file's size out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np

from ..frame import Frame
from ..keys import Keys, shares
from .camera import STILL, Beat, Pose, pose
from .finish import finished, tone
from .flashes import luminance
from .projections import Field, projection
from .sampling import FINE, Sampler
from .settings import FLAT, RIM, Camera, Finish, Looks, View, suited

_STEP = 6  # of the pixels that are measured: the 180 of 1080 rows that are read


def changes(view: View, camera: Camera, finish: Finish) -> bool:
    """Whether resolved settings show anything but the frames as they are."""
    return view.kind != FLAT or view.shown is not None or camera.moves or finish.changes


def view(
    frames: Iterable[Frame],
    times: Iterable[Fraction | float],
    size: tuple[int, int],
    settings: View,
    camera: Camera,
    finish: Finish,
    *,
    beat: Beat | None = None,
    along: Keys = (),
) -> Iterator[Frame]:
    """Frames as they are seen.

    frames: of the strip, uint8 (height, width, 3), all of one size.
    times: the moment of each, in seconds from the beginning of the file.
    size: (width, height) of what is yielded, in pixels.
    settings, camera, finish: resolved ones. Where they change nothing, frames pass as they are,
        in their own size.
    beat: what the camera follows; without one it follows nothing.
    along: kinds of view along time, which take the place of the settings' own; one dissolves into
        the next. Each has the camera and finish that suit it, see `settings.suited`.

    A picture is a function of its frame, its time and its number, and of no other frame.
    """
    if not along and not changes(settings, camera, finish):
        yield from frames
        return
    yield from _seen(frames, times, size, (settings, camera, finish), beat=beat, along=along)


def luminances(
    frames: Iterable[Frame],
    times: Iterable[Fraction | float],
    size: tuple[int, int],
    settings: View,
    camera: Camera,
    finish: Finish,
    *,
    beat: Beat | None = None,
    along: Keys = (),
) -> Iterator[float]:
    """The mean relative luminance of each picture that `view` makes, see `flashes.luminance`.

    It is that of some of the picture's pixels, which takes a fraction of the time. Parameters as
    for `view`.
    """
    if not along and not changes(settings, camera, finish):
        yield from map(luminance, frames)
        return
    looks = settings, camera, replace(finish, grain=0.0)
    pictures = _seen(frames, times, size, looks, beat=beat, along=along, step=_STEP, fine=1)
    yield from map(luminance, pictures)


def _seen(
    frames: Iterable[Frame],
    times: Iterable[Fraction | float],
    size: tuple[int, int],
    looks: Looks,
    *,
    beat: Beat | None,
    along: Keys,
    step: int = 1,
    fine: int = FINE,
) -> Iterator[Frame]:
    """The pictures, or every `step`-th pixel of them."""
    sides = [len(range(0, side, step)) for side in size[::-1]]
    fields = [np.empty(sides, np.float32) for _ in range(2)]  # for all pictures
    eyes: dict[str, _Eye] = {}
    always = ((looks[0].kind, 1.0),)
    for number, (frame, time) in enumerate(zip(frames, times)):  # noqa: B905
        made: list[Frame] = []
        there = shares(along, float(time)) if along else always
        for kind, _ in there:
            if kind not in eyes:
                strip = frame.shape[1], frame.shape[0]
                eyes[kind] = _Eye(strip, size, suited(looks, kind), step, fine)
            made.append(eyes[kind].picture(frame, float(time), number, beat or STILL, fields))
        if len(made) == 1:
            yield made[0]
        else:
            (_, old), (_, new) = there
            yield np.asarray(cv2.addWeighted(made[0], old, made[1], new, 0), np.uint8)


class _Eye:
    """One way of seeing strips of one size."""

    def __init__(
        self,
        strip: tuple[int, int],
        size: tuple[int, int],
        looks: Looks,
        step: int,
        fine: int,
    ) -> None:
        settings, self._camera, self._finish = looks
        self._size, self._step = size, step
        self._turned = settings.foot == RIM and settings.kind != FLAT
        self._sampler = Sampler(projection(settings, strip, size), strip, size, fine=fine)

    def picture(
        self,
        frame: Frame,
        time: float,
        number: int,
        beat: Beat,
        fields: Sequence[Field | None],
    ) -> Frame:
        """A frame as it is seen at a moment of the file."""
        if self._turned:
            frame = np.ascontiguousarray(frame[::-1])
        seen = pose(self._camera, time, beat)
        x, y = places(self._size, seen, fields, step=self._step)
        picture = self._sampler.picture(tone(frame, self._finish), x, y, seen.zoom)
        return finished(picture, self._finish, number)


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
