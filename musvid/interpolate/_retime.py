"""Resampling frames, or their lights, in time by linear interpolation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Kind = TypeVar("Kind", np.uint8, np.float32)


def retime(frames: Iterable[NDArray[Kind]], places: Iterable[Fraction]) -> Iterator[NDArray[Kind]]:
    """The frames at fractional positions; 5/2 is half of frame 2 and half of frame 3.

    frames: arrays of one shape; those of uint8 are rounded, others are float32.
    places: positions that do not fall, from 0 to the index of the last frame.
    """
    source = iter(enumerate(frames))
    first = next(source, None)
    if first is None:
        return
    number, frame = first
    behind = frame
    for place in places:
        whole = place.numerator // place.denominator
        part = float(place - whole)
        while number < whole + (part > 0):
            frame = behind
            number, behind = next(source)
        if number == whole:
            yield behind
        else:
            mixed = frame.astype(np.float32) * (1 - part) + behind.astype(np.float32) * part
            yield (np.rint(mixed) if frame.dtype == np.uint8 else mixed).astype(frame.dtype)


def along(positions: Iterable[Fraction], places: Iterable[Fraction]) -> Iterator[Fraction]:
    """Positions at fractional places among them: at 5/2, the middle of position 2 and position 3.

    places: do not fall, and end at the last position.
    """
    source = iter(positions)
    number, behind = 0, next(source)
    here = behind
    for place in places:
        whole = place.numerator // place.denominator
        part = place - whole
        while number < whole + (part > 0):
            here, behind = behind, next(source)
            number += 1
        yield behind if number == whole else here + (behind - here) * part
