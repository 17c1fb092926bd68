"""Where a song has most energy: the part that somebody would choose to show it by."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..song import Song
from . import samples as sound

STEP = 0.1
"""Seconds to which a part's beginning is found."""

_COUNT = round(STEP * sound.RATE)  # samples of a step
_LOUDNESS = 0.3  # power of the intensity that is heard as loudness (Stevens, 1955)
_RISE = 2.0  # how much a rise of loudness counts beside loudness itself


def liveliest(song: Song, seconds: float) -> float:
    """The beginning of the part of so many seconds that has most energy.

    Energy is what is loud, and even more what becomes louder, as with every beat of a drum. Parts
    that have the same are told apart by which comes first.

    Returns seconds from the beginning of `song`, a multiple of `STEP`; 0 for a song that is not
    longer than that, and for one that is even. Raises FFmpegError.
    """
    facts = song.path.stat()
    energy = _energy(song, facts.st_size, facts.st_mtime_ns)
    width = round(seconds / STEP)
    if len(energy) <= width:
        return 0.0
    sums = np.concatenate([[0.0], np.cumsum(energy)])
    parts = sums[width:] - sums[:-width]
    # Sums of equal parts differ by rounding.
    first = int(np.argmax(parts >= parts.max() * (1 - 1e-6)))
    return round(first * STEP, 1)


@lru_cache(maxsize=32)
def _energy(song: Song, _size: int, _changed: int) -> np.ndarray:
    """The energy of each step of a song."""
    powers: list[np.ndarray] = []
    for block in sound.mono(song, block=_COUNT * 600):
        whole = block[: len(block) // _COUNT * _COUNT].reshape(-1, _COUNT)
        powers.append(np.mean(np.square(whole, dtype=np.float64), axis=1))
    loudness = np.concatenate([*powers, np.zeros(0)]) ** _LOUDNESS
    rises = np.maximum(0.0, np.diff(loudness, prepend=loudness[:1]))
    energy: np.ndarray = loudness + _RISE * rises
    return energy
