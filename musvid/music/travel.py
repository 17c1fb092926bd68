"""How far the world of texture has moved along a song: the integral of a speed."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from ..keys import Line
from ..looping import Loop
from ..paint.drift import Drift
from ..ranges import RANGES
from ..song import Song
from . import features
from .following import Following
from .modulation import Modulation
from .sampled import Sampled

Floats = features.Floats

_FINE = 240  # steps a second in which the way of a loop is added up
_EASE = 0.5  # of its speed, by which it sinks where a round ends
_EASED = 0.3  # seconds in which it does, and rises again


class Travel:
    """The way of a drift along a song's part, in pixels; called with a time, it tells the way.

    drift: its speed, to which `by` adds what the music does. The sum is clipped to the range of a
    speed, so that the world never turns round. told: the speed along the file, of a story, which
    takes the place of the drift's. along: curves, of which the drift's takes the place of both.

    Times are seconds from the beginning of the part. A steady drift has moved since the beginning
    of the file, so that a part of a song is painted like the whole of it. What the music adds is
    heard in the part alone, whose curves reach from 0 to 1: such a way is that of the steady speed
    up to the part's beginning, and from there the integral of the speed, exactly (between the
    curve's values, which are a few hundredths of a second apart, the speed is a straight line).

    Raises SongError for a sound that is too short to follow.
    """

    def __init__(
        self,
        song: Song,
        drift: Drift,
        by: Modulation,
        told: Line | None = None,
        along: Following | None = None,
    ) -> None:
        assert drift.speed is not None, "the drift of a job is resolved"
        self._start = Fraction(song.first, song.rate)
        self._steady: Line | Sampled = told or Line(((0.0, drift.speed),))
        if along is not None and "drift" in along:
            self._steady = along.sampled("drift", whole=True)
        self._moved: Sampled | None = None  # by the music, from the part's beginning on
        if not by:
            return
        heard, allowed = features.of(song), RANGES["drift.speed"]
        curve = by.amount * heard.curve(by.source, by.smoothing)
        steady = self._told(np.arange(len(curve), dtype=np.float64) * heard.step)
        speeds = np.clip(steady + curve, allowed.low, allowed.high)
        self._moved = Sampled(speeds, heard.step, 0.0)

    def __call__(self, time: Fraction | float) -> float:
        """The way up to a time, in pixels. Behind the last value, the last speed goes on."""
        if self._moved is None:
            return self._steady.integral(float(self._start + Fraction(time)))
        begin = self._steady.integral(float(self._start))
        return begin + self._moved.integral(max(0.0, float(time)))

    def speeds(self, times: Floats) -> Floats:
        """The speed at some times, in pixels a second."""
        if self._moved is None:
            return self._told(times)
        speeds = self._moved.values
        return np.interp(times / self._moved.step, np.arange(len(speeds)), speeds)

    def _told(self, times: Floats) -> Floats:
        """The speed at some times that the music does not change."""
        start = float(self._start)
        return np.array([self._steady.at(start + time) for time in times.tolist()], np.float64)


class Round:
    """The way of a drift along a clip that is a loop, which comes back; called with any time, it
    tells the way.

    travel: the way of the clip as the song has it. Its speed is closed, see `musvid.looping`, and
    sinks for a moment where a round ends: textures differ, and there no step may be larger than
    they are elsewhere. All speeds are changed by one factor, so that the way of a round is a whole
    number of grains: the nearest, which may be none.

    way: of a round, in pixels.
    """

    def __init__(self, travel: Travel, loop: Loop, grain: int) -> None:
        self._loop = loop
        length, begin = float(loop.length), float(loop.begin)
        count = math.ceil(length * _FINE)
        ways = np.arange(count + 1) * (length / count)
        speeds = travel.speeds(np.maximum(0, begin + ways))
        back = np.array([loop.back(loop.begin + Fraction(way)) for way in ways[:-1].tolist()] + [1])
        speeds = speeds + back * (speeds[0] - speeds)
        near = np.minimum(ways, length - ways) / min(_EASED, length / 8)
        speeds = speeds * (1 - _EASE * (1 + np.cos(np.pi * near.clip(0, 1))) / 2)
        steps = (speeds[1:] + speeds[:-1]) / 2 * (length / count)
        whole = float(steps.sum())
        self.way = grain * round(whole / grain)
        self._first = travel(max(Fraction(0), loop.begin))
        factor = self.way / whole if whole else 0.0
        self._ways = np.concatenate([[0.0], np.cumsum(steps)]) * factor
        self._step = length / count

    def __call__(self, time: Fraction | float) -> float:
        """The way up to a time, in pixels."""
        since = Fraction(time) - self._loop.begin
        rounds = since // self._loop.length
        place = float(since - rounds * self._loop.length) / self._step
        here = float(np.interp(place, np.arange(len(self._ways)), self._ways))
        return self._first + rounds * self.way + here
