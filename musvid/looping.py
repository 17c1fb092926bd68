"""A clip whose end flows into its beginning: the moments of one round, and how it comes back.

Nothing waits for another frame here, either: what changes along a clip is a function of time, and
each such function is closed by itself. Towards the end of a round it passes over into the value
that it has at the round's beginning, evenly and ever more slowly, so that nothing moves by more
where one round becomes the next than it does elsewhere. What travels (texture, a camera that turns)
comes back after a whole number of its own periods instead.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from .clock import Clock, Rest
from .keys import Keys, crossing

LIGHT = 0.5
"""Seconds at the end of a round in which what is lit and what beats comes back, at most."""

CURVES = 2.0
"""The same of what changes slowly: prompts, strengths, speeds, palettes."""

DISSOLVE = 0.6
"""The same of views, of which two at once are hard to read."""

_PART = 4  # of a round that coming back takes, as its denominator
_AT_ONCE = Fraction(0)
_DIGITS = 3  # of how far it has come: what looks alike is painted together


@dataclass(frozen=True)
class Loop:
    """The rounds of a clip.

    clock: of the whole clip, whose frames are one round. start: of the clip, in seconds from the
    beginning of the file. lit: whether every frame is lit by the drawing of its own moment, rather
    than by keyframes alone.

    Times are seconds from the beginning of the clip, as the clock's are; any time is some moment of
    the one round.
    """

    clock: Clock
    start: Fraction
    lit: bool = True

    @classmethod
    def of(cls, clock: Clock, start: Fraction, *, lit: bool = True) -> Loop:
        """The rounds of a clock, or of the whole of which it is the rest."""
        return cls(clock.whole if isinstance(clock, Rest) else clock, start, lit)

    @cached_property
    def length(self) -> Fraction:
        """Seconds of a round, exact: all frames, of which the first is not there twice."""
        return self.clock.frames / self.clock.rate

    @cached_property
    def begin(self) -> Fraction:
        """The time of the first frame, which is less than a frame from 0."""
        return self.clock.time(0)

    def way(self, time: Fraction | float) -> float:
        """Seconds from the beginning of the round in which a time lies."""
        return float((Fraction(time) - self.begin) % self.length)

    def rounds(self, time: Fraction | float) -> int:
        """How many rounds lie between the beginning and a time; below 0 before it."""
        return int((Fraction(time) - self.begin) // self.length)

    def moment(self, time: Fraction | float) -> Fraction:
        """The moment of the first round that a time is."""
        return self.begin + (Fraction(time) - self.begin) % self.length

    def back(
        self, time: Fraction | float, seconds: float = CURVES, early: Fraction = _AT_ONCE
    ) -> float:
        """How far everything has come back to the round's beginning: 0, and up to 1 at its end.

        seconds: that it takes, at most; never more than a quarter of the round. early: seconds
        before the end at which it is back, where what lies between two such moments is a mixture
        of both.
        """
        seconds, left = min(seconds, float(self.length) / _PART), float(self.length - early)
        part = min(1.0, 1 - (left - self.way(time)) / seconds)
        return round(part * part * (3 - 2 * part), _DIGITS) if part > 0 else 0.0

    def value(
        self, curve: Callable[[float], float], time: Fraction | float, seconds: float = CURVES
    ) -> float:
        """The closed curve at a time. curve: of times in the first round."""
        here = curve(float(self.moment(time)))
        back = self.back(time, seconds)
        return here + back * (curve(float(self.begin)) - here) if back else here

    @cached_property
    def ticks(self) -> int:
        """Ticks of the clock's fine grid in a round."""
        count = self.length * self.clock.fps
        assert count.denominator == 1, "a clip that is a loop is fitted to its grid"
        return int(count)

    @cached_property
    def first_tick(self) -> int:
        """The tick that is nearest to the first frame."""
        return round((self.begin - self.clock.start) * self.clock.fps)

    def tick(self, tick: int) -> int:
        """The tick of the first round that a tick is."""
        return self.first_tick + (tick - self.first_tick) % self.ticks

    def tick_back(self, tick: int) -> float:
        """`back` of a tick's light, which has come back at the first frame's own tick."""
        way = Fraction(self.tick(tick) - self.first_tick, self.clock.fps)
        gap = self.length * self.clock.before / self.paintings
        return self.back(self.begin + way, LIGHT, _AT_ONCE if self.lit else gap)

    def painting_back(self, time: Fraction | float) -> float:
        """`back` of how a moment is painted, which has come back at the last painting already."""
        return self.back(time, CURVES, self.length / self.paintings)

    @cached_property
    def paintings(self) -> int:
        """Paintings of a round. The one behind them is the first one again."""
        clock, last = self.clock, self.clock.painting_time(0) + self.length
        return bisect.bisect_left(range(clock.painted), last, key=clock.painting_time)

    def painting_time(self, painting: int) -> Fraction:
        """The moment that a painting shows, of any round; painting 0 is the first of the clip."""
        rounds, number = divmod(painting, self.paintings)
        return self.clock.painting_time(number) + rounds * self.length

    def closed(self, keys: Keys, seconds: float = CURVES) -> Keys:
        """Texts along time, in seconds of the file, that come back to the first one.

        At both ends there is but one of them: a crossing that is under way there is left out, or
        made shorter.
        """
        if not keys:
            return keys
        begin = float(self.start + self.begin)
        end = begin + float(self.length)
        since = end - min(seconds, float(self.length) / _PART)

        def most(time: float) -> str:
            old, new, way = crossing(keys, time)
            return old if way < 0.5 else new

        between = tuple(key for key in keys if begin < key[0] < since)
        return ((begin, most(begin)), *between, (since, most(since)), (end, most(begin)))
