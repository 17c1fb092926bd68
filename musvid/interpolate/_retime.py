"""Frames at other moments than those that they were made for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from ..frame import Frame


def retime(frames: Iterable[Frame], places: Iterable[Fraction]) -> Iterator[Frame]:
    """The frames at some places of a sequence, such as 2, or 5/2 for half of frame 2 and half of 3.

    places: not falling, from 0 to the number of the last frame.
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
            yield np.rint(mixed).astype(np.uint8)
