"""A gain that changes along a song: the sound that is drawn, multiplied sample by sample.

ffmpeg takes the factors as a second sound, of the same rate and as long as the part, through a
pipe. Each is a function of its sample's place in the file, so that a part of a song is drawn like
the whole of it. The sound that is heard is another one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..song import Song

Floats = NDArray[np.float64]

Gain = Callable[[Floats], Floats]
"""Decibels at some times, in seconds from the beginning of the file."""

FILTERS = (
    # Two channels are what is drawn in any case; a factor is the same for both.
    ",aformat=sample_fmts=fltp:channel_layouts=stereo[sound];"
    "[1:a]pan=stereo|c0=c0|c1=c0[factors];[sound][factors]amultiply"
)
"""Filters behind a song's that multiply it by what `opened` opens."""

_STEP = 200  # values a second of the gain; between two, decibels go straight
_FULL = 20.0  # decibels of a factor of ten


def opened(song: Song) -> list[str]:
    """ffmpeg's arguments that read `factors` from standard input, as the input behind a song's."""
    return ["-f", "f32le", "-ar", str(song.rate), "-ac", "1", "-i", "pipe:0"]


def factors(song: Song, gain: Gain) -> Iterator[NDArray[np.float32]]:
    """A factor for each sample of a song's part, a second or less of them at a time.

    The gain is asked for now, and once.
    """
    first = math.floor(song.first * _STEP / song.rate)
    last = math.ceil((song.first + song.samples) * _STEP / song.rate)
    times = np.arange(first, last + 1, dtype=np.float64) / _STEP
    return _multiplied(song, times, gain(times))


def _multiplied(song: Song, times: Floats, decibels: Floats) -> Iterator[NDArray[np.float32]]:
    end = song.first + song.samples
    for sample in range(song.first, end, song.rate):
        here = np.arange(sample, min(sample + song.rate, end)) / song.rate
        raised = np.interp(here, times, decibels)
        yield (10 ** (raised / _FULL)).astype(np.float32)
