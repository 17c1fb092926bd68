"""The stage: finished frames of the strip in, pictures of the file's size out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..frame import Frame
from .camera import STILL, Beat, Pose, pose
from .finish import finished, tone
from .flashes import luminance
from .projections import Field, projection
from .sampling import FINE, Sampler
from .settings import FLAT, RIM, Camera, Finish, View

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
) -> Iterator[Frame]:
    """Frames as they are seen.

    frames: of the strip, uint8 (height, width, 3), all of one size.
    times: the moment of each, in seconds from the beginning of the file.
    size: (width, height) of what is yielded, in pixels.
    settings, camera, finish: resolved ones. Where they change nothing, frames pass as they are,
        in their own size.
    beat: what the camera follows; without one it follows nothing.

    A picture is a function of its frame, its time and its number, and of no other frame.
    """
    if not changes(settings, camera, finish):
        yield from frames
        return
    pictures = _seen(frames, times, size, settings, camera, finish, beat=beat)
    for number, picture in enumerate(pictures):
        yield finished(picture, finish, number)


def luminances(
    frames: Iterable[Frame],
    times: Iterable[Fraction | float],
    size: tuple[int, int],
    settings: View,
    camera: Camera,
    finish: Finish,
    *,
    beat: Beat | None = None,
) -> Iterator[float]:
    """The mean relative luminance of each picture that `view` makes, see `flashes.luminance`.

    It is that of some of the picture's pixels, which takes a fraction of the time. Parameters as
    for `view`.
    """
    if not changes(settings, camera, finish):
        yield from map(luminance, frames)
        return
    smooth = replace(finish, grain=0.0)
    pictures = _seen(frames, times, size, settings, camera, finish, beat=beat, step=_STEP, fine=1)
    for number, picture in enumerate(pictures):
        yield luminance(finished(picture, smooth, number))


def _seen(
    frames: Iterable[Frame],
    times: Iterable[Fraction | float],
    size: tuple[int, int],
    settings: View,
    camera: Camera,
    finish: Finish,
    *,
    beat: Beat | None,
    step: int = 1,
    fine: int = FINE,
) -> Iterator[Frame]:
    """What the camera sees, every `step`-th pixel of it, before the last touch."""
    sampler: Sampler | None = None
    sides = [len(range(0, side, step)) for side in size[::-1]]
    fields = [np.empty(sides, np.float32) for _ in range(2)]  # for all pictures
    for frame, time in zip(frames, times):  # noqa: B905
        if sampler is None:
            strip = frame.shape[1], frame.shape[0]
            sampler = Sampler(projection(settings, strip, size), strip, size, fine=fine)
        if settings.foot == RIM and settings.kind != FLAT:
            frame = np.ascontiguousarray(frame[::-1])
        seen = pose(camera, float(time), beat or STILL)
        x, y = places(size, seen, fields, step=step)
        yield sampler.picture(tone(frame, finish), x, y, seen.zoom)


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
