"""Embers: light that stays for a while after its sound, carried along by the world, and cools.

The drawing stays where the method puts it. What it leaves behind travels with the texture (see
`musvid.paint.course`), so that a beat becomes a wave of light that moves through the picture.

The picture of a moment is a function of the drawings of the last moments alone: embers are whole
numbers, they move by whole pixels, and cooling is a table that never turns an order round and ends
in darkness. So a recursion that begins so many pictures earlier (`run_in`) gives the same bytes
wherever it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import count

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clock import Clock
from ..frame import Frame, grey, whole
from ..paint.course import Course
from .look import Look

_LIVES = 4  # half-lives after which nothing is left
_FINE = 256  # parts of a level that are told apart
_UNIT = 2**16


def run_in(look: Look, fps: Fraction) -> int:
    """Pictures after which the brightest light has gone out; 0 without embers."""
    return _cooling(look.cooling, fps)[2] if look.embers else 0


def glowing(
    drawn: Iterable[Frame], look: Look, clock: Clock, course: Course | None, *, first: int = 0
) -> Iterator[Frame]:
    """Drawings, with the embers of those before them.

    drawn: mirrored pictures at all ticks of the clock's fine grid, 1 / fps apart, from tick `first`
        on. course: where the world stands, by which embers are carried; without one they stay.
    """
    if not look.embers:
        yield from drawn
        return
    factor, loss, _ = _cooling(look.cooling, clock.fps)
    own = round(_FINE * look.embers)
    embers: NDArray[np.uint16] | None = None
    here = 0
    for tick, picture in zip(count(first), drawn):
        left = picture[:, : picture.shape[1] // 2]
        left = np.ascontiguousarray(left[..., 0]) if grey(left) else left
        offset = round(course.offset(clock.start + tick / clock.fps)) if course else 0
        if embers is None:
            embers = np.zeros(left.shape, np.uint16)
        else:
            cooled = (embers.astype(np.uint32) * np.uint32(factor)) >> np.uint32(16)
            cooled = np.maximum(cooled, loss) - loss
            embers = _carried(cooled.astype(np.uint16), offset - here, course)
            # One channel says all until something has a colour.
            if left.ndim > embers.ndim:
                embers = np.repeat(embers[..., None], 3, 2)
            elif embers.ndim > left.ndim:
                left = np.repeat(left[..., None], 3, 2)
        here = offset
        seen = np.maximum(left, (embers // _FINE).astype(np.uint8))
        embers = np.maximum(embers, left * np.uint16(own))
        yield whole(seen) if seen.ndim > 2 else np.asarray(cv2.merge([whole(seen)] * 3), np.uint8)


def _carried(embers: NDArray[np.uint16], way: int, course: Course | None) -> NDArray[np.uint16]:
    """The embers of the left half, moved with a window that moves so many pixels on."""
    if not way or course is None:
        return embers
    moved = np.zeros_like(embers)
    axis = int(course.drift.sideways)
    length = embers.shape[axis]
    if abs(way) < length:
        to, since = (
            slice(max(0, -way), length - max(0, way)),
            slice(max(0, way), length + min(0, way)),
        )
        if axis:
            moved[:, to] = embers[:, since]
        else:
            moved[to] = embers[since]
    return moved


@lru_cache(maxsize=16)
def _cooling(half_life: float, fps: Fraction) -> tuple[int, np.uint32, int]:
    """By how much embers cool per picture: a factor in parts of 65536 and what is taken away
    besides; and after how many pictures the brightest has gone out."""
    factor = round(_UNIT * 0.5 ** (1 / (float(fps) * half_life)))
    brightest = 255 * _FINE
    # They fall towards a level below darkness, which they pass after so many half-lives.
    loss = max(1, round(brightest / (2**_LIVES - 1) * (1 - factor / _UNIT)))
    steps, level = 0, brightest
    while level:
        level = max(0, (level * factor >> 16) - loss)
        steps += 1
    return factor, np.uint32(loss), steps
