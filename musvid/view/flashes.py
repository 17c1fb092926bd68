"""Flashing that may harm is damped.

A flash is a rise and a fall of luminance, each of a tenth of the greatest luminance or more, whose
darker end is below 0.8; more than three within a second can set off seizures (WCAG 2.3.1; ITU-R
BT.1702 says the same of television). Here the luminance is that of the whole picture: the mean of
its relative luminance, 0 to 1, of a display of gamma 2.2 with the primaries of BT.709.

Only where there are too many flashes are their peaks lowered, to just above what is darkest around
them: the rhythm stays, its swing shrinks. What is done to a frame depends on the luminances of the
second before it and of that behind it, and on nothing else.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import cv2
import numpy as np

from ..frame import Frame

FLASHES = 3  # that may be in any second
SWING = 0.1  # of luminance, from which on a change counts
_DARK = 0.8  # the darker end of a flash is below
_HELD = 0.08  # how far peaks stay above what is darkest, where there are too many
_GAMMA = 2.2

_LINEAR = (np.arange(256, dtype=np.float32) / 255) ** np.float32(_GAMMA)
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def luminance(frame: Frame) -> float:
    """The mean relative luminance of a frame, 0 to 1."""
    light = [
        float(cv2.calcHist([frame], [channel], None, [256], [0, 256]).ravel() @ _LINEAR)
        for channel in range(3)
    ]
    return float(np.dot(_WEIGHTS, light) / (frame.shape[0] * frame.shape[1]))


def changes(luminances: Sequence[float]) -> list[int]:
    """The frames in which a change of luminance, up or down in turn, has become one that counts.

    It is measured from the last turn on, however many frames it takes. Two of them are a flash.
    """
    found: list[int] = []
    direction, low, high = 0, math.inf, -math.inf
    for place, value in enumerate(luminances):
        low, high = min(low, value), max(high, value)
        if direction <= 0 and value - low >= SWING and low < _DARK:
            direction, high = 1, value
        elif direction >= 0 and high - value >= SWING and value < _DARK:
            direction, low = -1, value
        else:
            continue
        found.append(place)
    return found


def most(luminances: Sequence[float], rate: Fraction) -> int:
    """The greatest number of flashes in any second. rate: frames a second."""
    return _most(changes(luminances), rate)


def _most(found: Sequence[int], rate: Fraction) -> int:
    first, greatest = 0, 0
    for number, place in enumerate(found):
        while place - found[first] >= rate:
            first += 1
        greatest = max(greatest, number - first + 1)
    return greatest // 2


def gains(luminances: Iterable[float], rate: Fraction, *, soon: bool = False) -> Iterator[float]:
    """By what the pixels of each frame are to be multiplied, 0 to 1, so that nothing flashes.

    rate: frames a second. A gain comes when the luminances of the second behind its frame are
    known, or there are no more. soon: of the first second, a gain comes earlier, and knows less of
    what is behind its frame: nobody waits for the first picture.
    """
    around = math.ceil(rate)
    ahead = 0 if soon else around
    known: deque[float] = deque(maxlen=2 * around + 1)
    place = 0  # in `known`, of the next frame whose gain is asked for
    for value in luminances:
        if len(known) == known.maxlen:
            place -= 1
        known.append(value)
        if len(known) - place > ahead:
            yield _gain(known, place, rate)
            place += 1
            ahead = min(ahead + 1, around)
    while place < len(known):
        yield _gain(known, place, rate)
        place += 1
        if place > around:
            known.popleft()
            place -= 1


def _gain(around: Sequence[float], place: int, rate: Fraction) -> float:
    """The gain of the frame that has this place among those of two seconds."""
    values = list(around)
    if _most(changes(values), rate) <= FLASHES:
        return 1.0
    near = math.ceil(rate / 2)
    most_allowed = min(values[max(0, place - near) : place + near + 1]) + _HELD
    if values[place] <= most_allowed:
        return 1.0
    return float((most_allowed / values[place]) ** (1 / _GAMMA))


def safe(
    pictures: Iterable[Frame],
    luminances: Iterable[float],
    rate: Fraction,
    *,
    soon: bool = False,
    loop: bool = False,
) -> Iterator[Frame]:
    """Pictures without more flashes than may be in a second.

    luminances: of each of them; they are asked for a second before the picture is. rate: pictures a
    second. soon: see `gains`. loop: whether the first picture comes behind the last one again. Then
    the last second knows the first one, and gives way to it: there are no more flashes, either,
    where one round becomes the next.
    """
    if loop:
        luminances = _again(luminances, math.ceil(rate))
    for gain, picture in zip(gains(luminances, rate, soon=soon), pictures):  # noqa: B905
        yield damped(picture, gain)


def _again(luminances: Iterable[float], count: int) -> Iterator[float]:
    """Luminances, and behind them the first ones again, so many."""
    first: list[float] = []
    for value in luminances:
        if len(first) < count:
            first.append(value)
        yield value
    yield from first


def damped(frame: Frame, gain: float) -> Frame:
    """A frame whose pixels are multiplied by a gain of 0 to 1."""
    if gain == 1:
        return frame
    table = np.rint(np.arange(256) * gain).astype(np.uint8)
    return np.asarray(cv2.LUT(frame, table), np.uint8)
