"""Where in the beat and in the bar a moment is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingsError
from .lock import Lock

Floats = NDArray[np.float64]

_DIGITS = 9  # to which beats are counted, so that no beat is the end of the one before it


def beats(lock: Lock, times: Floats) -> Floats:
    """How many beats lie between the lock's first beat, with which a bar begins, and some times.

    times: seconds from the beginning of the file. Below 0 before that beat. Where the tempo
    wanders, it is straight from beat to beat, and outside of them goes on with their median length.

    Raises SettingsError while tempo or beat are not known.
    """
    if lock.bpm is None or lock.beat is None:
        raise SettingsError(
            "The tempo is not known, so nothing can follow beat or bar; give bpm and beat, or lock "
            "keyframes to notes, for which it is found."
        )
    times = np.asarray(times, np.float64)
    if not lock.beats:
        counted: Floats = (times - lock.beat) / float(60 / lock.bpm)
        return counted
    known = np.array(lock.beats)
    first = int(np.abs(known - lock.beat).argmin())
    usual = float(np.sort(np.diff(known))[(len(known) - 1) // 2])
    inside = np.interp(times, known, np.arange(len(known), dtype=np.float64))
    early = np.minimum(0, times - known[0]) / usual
    late = np.maximum(0, times - known[-1]) / usual
    found: Floats = inside + early + late - first
    return found


def beat(lock: Lock, times: Floats) -> Floats:
    """How far in the beat some times are, 0 to 1, see `beats`."""
    phase: Floats = np.round(beats(lock, times), _DIGITS) % 1
    return phase


def bar(lock: Lock, times: Floats) -> Floats:
    """How far in the bar some times are, 0 to 1, see `beats`."""
    phase: Floats = np.round(beats(lock, times) / lock.per_bar, _DIGITS) % 1
    return phase
