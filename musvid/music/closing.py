"""How the paintings of a clip that is a loop come back to the first one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

from ..keys import Shares
from ..looping import Loop
from ..paint.loras import rounded
from ..paint.style import Ring, Stroke
from .automation import Automation, Floats

_EASE = 0.5  # of its speed, by which a walk is slower where a round ends, and faster elsewhere
_FEWEST = 2  # seeds of a walk that ends at its first one: those between are others


class Closed:
    """The strokes of a loop, in place of an `Automation`.

    What a stroke says comes back evenly towards the end of a round, see `musvid.looping`. The noise
    that walks from seed to seed walks in a circle of as many seeds as come nearest to those that it
    would have walked; of fewer than two, it goes half as far and back again.
    """

    def __init__(self, automation: Automation, loop: Loop) -> None:
        self._automation, self._loop = automation, loop
        self.keys = automation.keys

    def __bool__(self) -> bool:
        """Whether anything changes along the song."""
        return bool(self._automation)

    def curves(self, times: Floats) -> Iterator[tuple[str, Floats, float, float]]:
        """What changes along the song, as that has it; see `Automation.curves`."""
        yield from self._automation.curves(times)

    def stroke(self, time: Fraction | float) -> Stroke:
        """How the frame of a moment is painted, in seconds from the beginning of the part."""
        loop = self._loop
        stroke = self._own(loop.moment(time))
        if back := loop.painting_back(time):
            stroke = mixed(stroke, self._own(loop.begin), back)
        if stroke.walk is None:
            return stroke
        seeds, walk = self._walk(loop.way(time))
        return replace(stroke, walk=round(walk, 3), ring=Ring(seeds) if seeds else None)

    def _own(self, time: Fraction) -> Stroke:
        return self._automation.stroke(max(Fraction(0), time))

    def _walked(self, way: float) -> float:
        return self._own(self._loop.begin + Fraction(way)).walk or 0.0

    @cached_property
    def _whole(self) -> float:
        """Seeds that the song has the noise walk in a round."""
        return self._walked(float(self._loop.length)) - self._walked(0.0)

    def _walk(self, way: float) -> tuple[int, float]:
        """Of how many seeds the circle is, 0 where there is none, and how far the noise has
        walked."""
        length, seeds = float(self._loop.length), round(self._whole)
        if seeds >= _FEWEST:
            # Not so fast where a round ends: no step may be larger there than elsewhere.
            way -= _EASE * length / (2 * math.pi) * math.sin(2 * math.pi * way / length)
            first = self._walked(0.0)
            return seeds, first + (self._walked(way) - first) * seeds / self._whole
        return 0, self._walked(length / 4 * (1 - math.cos(2 * math.pi * way / length)))


def mixed(here: Stroke, there: Stroke, part: float) -> Stroke:
    """A stroke between two others: of the second one as large a part as is said, 0 to 1. Noise is
    that of the first."""

    def between(old: float, new: float) -> float:
        return round(old + part * (new - old), 3)

    return replace(
        here,
        prompts=_joined(here.prompts, there.prompts, part),
        strength=between(here.strength, there.strength),
        guidance=between(here.guidance, there.guidance),
        control_scale=between(here.control_scale, there.control_scale),
        loras=tuple(
            rounded(between(old, new)) for old, new in zip(here.loras, there.loras, strict=True)
        ),
    )


def _joined(old: Shares, new: Shares, part: float) -> Shares:
    """Texts of both, each as much as it counts."""
    if old == new:
        return old
    made: dict[str, float] = {}
    for shares, share in ((old, 1 - part), (new, part)):
        for text, much in shares:
            made[text] = made.get(text, 0.0) + share * much
    return tuple(made.items())
