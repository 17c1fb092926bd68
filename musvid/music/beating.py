"""Where a time lies among the beats of a lock, for many times at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingsError
from .lock import Lock

Floats = NDArray[np.float64]


class Beating:
    """The beats of a lock whose tempo is known, counted from the beginning of a bar.

    Between the beats of a tempo that wanders, and outside of them with their median length, time
    goes evenly, as for `Lock.bars`. Raises SettingsError where no tempo is known.
    """

    def __init__(self, lock: Lock) -> None:
        if lock.bpm is None:
            raise SettingsError("A curve in beats or bars needs a tempo; give --bpm and --beat.")
        self.bar = lock.bar
        first = lock.beat or 0.0
        times = np.array(lock.beats or [first])
        length = float(np.median(np.diff(times))) if len(times) > 1 else 60 / float(lock.bpm)
        begin = int(np.abs(times - first).argmin()) if lock.beats else 0
        # One beat more on either side, from which others follow.
        self._times = np.concatenate([[times[0] - length], times, [times[-1] + length]])
        self._numbers = np.arange(len(self._times), dtype=np.float64) - 1 - begin
        self._length = length

    def beats(self, times: Floats) -> Floats:
        """How many beats have gone by, float64; below 0 before the first bar.

        times: seconds from the beginning of the file, in any order.
        """
        return _along(times, self._times, self._numbers, 1 / self._length)

    def beat_time(self, beat: float) -> float:
        """The time of a beat, in seconds of the file."""
        found = _along(np.array([beat]), self._numbers, self._times, self._length)
        return float(found[0])


def _along(places: Floats, at: Floats, values: Floats, slope: float) -> Floats:
    """Linear interpolation, which goes on beyond both ends with a slope."""
    found: Floats = np.interp(places, at, values)
    found += slope * (np.minimum(0, places - at[0]) + np.maximum(0, places - at[-1]))
    return found
