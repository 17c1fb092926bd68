"""The curves of a job's settings, evaluated along its part of the song."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ..ranges import RANGES
from ..song import Song
from . import along
from ._nodes import NOTHING, Floats, Reader

STEP = 0.005
"""Seconds between the values of a setting; between two, it goes straight."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """Values along time, `STEP` seconds from each other, the first one at `start`."""

    values: Floats
    start: float

    def at(self, time: Fraction | float) -> float:
        """The value at a time; before and behind all, that of the end."""
        place = min(max(0.0, (float(time) - self.start) / STEP), len(self.values) - 1)
        whole = int(place)
        early, late = self.values[whole], self.values[min(whole + 1, len(self.values) - 1)]
        return float(early + (place - whole) * (late - early))

    def integral(self, time: Fraction | float) -> float:
        """The integral from the first value to a time; outside of all, those of the ends go on."""
        last = len(self.values) - 1
        place = (float(time) - self.start) / STEP
        whole = int(min(max(0.0, place), last))
        rest = place - whole
        early = self.values[whole]
        late = self.values[min(whole + 1, last)] if place > 0 else early
        return float(self._sums[whole] + STEP * rest * (early + rest * (late - early) / 2))

    @cached_property
    def _sums(self) -> Floats:
        """The integral at each value."""
        means = (self.values[1:] + self.values[:-1]) / 2
        return np.concatenate([[0.0], np.cumsum(means)]) * STEP


class Following:
    """What settings do along a song's part, where there are curves for them.

    text: the curves, see `along.parse`. reader: what is heard of the song, once a curve asks for
    it. Raises SettingsError for a source that there is not, and for beats that are not known.
    """

    def __init__(self, song: Song, text: str, reader: Reader) -> None:
        self._curves, self._reader = along.parse(text), reader
        self._start, self._length = song.first / song.rate, float(song.duration)
        self._sampled: dict[tuple[str, bool], Sampled] = {}
        for curve in self._curves.values():  # what is wrong is told now, and nothing is heard yet
            curve.check(reader)

    @classmethod
    def none(cls, song: Song) -> Following:
        """Where nothing changes by a curve."""
        return cls(song, "", NOTHING)

    def __contains__(self, name: str) -> bool:
        return name in self._curves

    def __bool__(self) -> bool:
        return bool(self._curves)

    def sampled(self, name: str, *, whole: bool = False) -> Sampled:
        """A setting along the part, within its range, in times of the file.

        whole: from the beginning of the file on, of which an integral is asked for.
        """
        if (name, whole) not in self._sampled:
            start = 0.0 if whole else self._start
            count = int((self._start + self._length - start) / STEP) + 2
            times = start + np.arange(count, dtype=np.float64) * STEP
            self._sampled[name, whole] = Sampled(self.values(name, times), start)
        return self._sampled[name, whole]

    def values(self, name: str, times: Floats) -> Floats:
        """A setting at some times of the file, within its range."""
        allowed = RANGES[along.SETTINGS[name]]
        return np.clip(self._curves[name].at(times, self._reader), allowed.low, allowed.high)

    def all(self, times: Floats) -> Mapping[str, Floats]:
        """Every setting at some times of the file."""
        return {name: self.values(name, times) for name in self._curves}
