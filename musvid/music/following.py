"""The curves of a job's settings, evaluated along its part of the song."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..ranges import RANGES
from ..song import Song
from . import along
from ._nodes import NOTHING, Floats, Reader
from .sampled import Sampled

STEP = 0.005
"""Seconds between the values of a setting; between two, it goes straight."""


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
            self._sampled[name, whole] = Sampled(self.values(name, times), STEP, start)
        return self._sampled[name, whole]

    def values(self, name: str, times: Floats) -> Floats:
        """A setting at some times of the file, within its range."""
        allowed = RANGES[along.SETTINGS[name]]
        return np.clip(self._curves[name].at(times, self._reader), allowed.low, allowed.high)

    def all(self, times: Floats) -> Mapping[str, Floats]:
        """Every setting at some times of the file."""
        return {name: self.values(name, times) for name in self._curves}
