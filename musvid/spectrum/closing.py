"""Drawings of a clip that is a loop: the light of its end comes back to that of its beginning.

In the last half second of a round, each drawing is mixed with the still drawing of the round's
first moment. So the last one differs from the first by next to nothing, and each is a function of
its own moment, and of that one. Where the file begins with the clip, the first moments would be
drawn from the silence before it, and darken every round: the first one that is not stands for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import cv2
import numpy as np

from ..frame import Frame, closed
from ..looping import Loop

_WINDOW = Fraction(1, 10)  # seconds before a moment at which most of its drawing looks

Draw = Callable[[range], Iterator[Frame]]
"""Draws ticks of the first round, one after the other."""


def drawn(
    ticks: Iterable[int], loop: Loop, draw: Draw, known: Iterator[tuple[int, Frame]]
) -> Iterator[Frame]:
    """The drawings of a loop, of whichever round.

    ticks: rising, counted from the clip's first keyframe; those below 0 are of the round before.
    known: drawings of those of the ticks that lie in the first round, in their order, as the song
    has them, beginning with any of them; the others are drawn.
    """
    still = still_of(loop, draw)
    with closed(known):
        own = next(known, None)
        others: list[int] = []
        for tick in ticks:
            here = own is not None and own[0] == tick
            if others and (here or loop.tick(tick) == loop.first_tick):
                yield from _drawn(others, loop, draw, still)
                others = []
            if here:
                assert own is not None
                yield _back(own[1], still, tick, loop)
                own = next(known, None)
            else:
                others.append(tick)
        yield from _drawn(others, loop, draw, still)


def still_of(loop: Loop, draw: Draw) -> Frame:
    """The drawing to which all others come back."""
    first = loop.first_tick + _unheard(loop)
    (still,) = draw(range(first, first + 1))
    return still


def _unheard(loop: Loop) -> int:
    """Ticks of a round whose drawings still know of the silence before the file begins."""
    return max(0, math.ceil((_WINDOW - loop.start) * loop.clock.fps))


def _back(picture: Frame, still: Frame, tick: int, loop: Loop) -> Frame:
    """The drawing of a tick that has come back as far as it has."""
    if loop.tick(tick) - loop.first_tick < _unheard(loop):
        return still
    return mixed(picture, still, loop.tick_back(tick))


def mixed(picture: Frame, still: Frame, back: float) -> Frame:
    """A drawing that has come back so far, 0 to 1, to the still one."""
    if not back:
        return picture
    return np.asarray(cv2.addWeighted(picture, 1 - back, still, back, 0), np.uint8)


def _drawn(ticks: list[int], loop: Loop, draw: Draw, still: Frame) -> Iterator[Frame]:
    """The drawings of some ticks of one round."""
    if not ticks:
        return
    if len(ticks) == 1 and loop.tick(ticks[0]) == loop.first_tick:
        yield still
        return
    wanted = {loop.tick(tick) for tick in ticks}
    span = range(min(wanted), max(wanted) + 1)
    with closed(draw(span)) as pictures:
        for tick, picture in zip(span, pictures):  # noqa: B905
            if tick in wanted:
                yield _back(picture, still, tick, loop)
