"""From where to decode, so that a part late in a long file costs what one at its beginning costs.

ffmpeg seeks by time stamps, and a container's may be wrong. So every place that is sought is tried
once: what is decoded there is compared with what the whole file had at that place (`Marks`), and
where it cannot be found again, the file is decoded from its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import _ffmpeg
from ._look import Marks
from .errors import FFmpegError

_GRID = 20  # seconds between places that are sought, so that moments nearby share one
_LEAD = 5  # seconds before a part that are decoded at least: codecs need some to be exact
_ANCHOR = 1  # second behind a place from which on samples are counted
_WARM = 3  # seconds behind a place after which it is compared
_SAME, _ALIKE = 0.9999, 0.9  # correlations of what was decoded with what was marked
_APART = 64  # samples around the expected place in which a codec's noise must not find a better one
_ONE = 3  # samples within which places are one
_LATE = 3600  # seconds from which on it takes long to find a place in MP3 by reading all before it
_AROUND = 2  # seconds around a mark in which it is looked for


@dataclass(frozen=True)
class Place:
    """Where decoding begins.

    seconds: what ffmpeg is told to skip. offset: the first sample of the file that `anchor` leaves.
    guess: whether ffmpeg guesses where that is.

    Samples are counted from a second behind the place on. Not from the place itself, since a codec
    may have nothing for its first moments; and time stamps are looked at once only, since a
    container may round each of them in another way.
    """

    seconds: int = 0
    offset: int = 0
    guess: bool = False

    def anchor(self, rate: int) -> str:
        """ffmpeg audio filters behind which sample number 0 is the one at `offset`."""
        count = "asetpts=N/SR/TB"
        return f"atrim=start_pts={_ANCHOR * rate},{count}" if self.seconds else count


@dataclass(frozen=True)
class _Track:
    """An audio track of a file as it was when it was surveyed."""

    path: Path
    track: int
    rate: int
    channels: int
    size: int
    changed: int
    marks: Marks = field(compare=False, repr=False)


def place(
    path: Path, track: int, rate: int, channels: int, marks: Marks | None, part: tuple[int, int]
) -> Place:
    """Where to begin with decoding a part, given as its first sample and the one behind its last.

    track: its number, from 1. Without marks, at the beginning.
    """
    seconds = (part[0] // rate - _LEAD) // _GRID * _GRID
    if marks is None or seconds < _GRID:
        return Place()
    nearest = int(np.searchsorted(marks.places, (seconds + _WARM) * rate))
    if nearest == len(marks.places) and nearest:
        last = int(marks.places[-1]) // rate
        if seconds - last < 2 * _GRID:  # the end of the file, where no further mark fits
            seconds = (last - _WARM) // _GRID * _GRID
            nearest = int(np.searchsorted(marks.places, (seconds + _WARM) * rate))
            if seconds < _GRID:
                return Place()
    if nearest == len(marks.places) or marks.places[nearest] > part[1] + 2 * _GRID * rate:
        return Place(seconds, (seconds + _ANCHOR) * rate)  # only silence is there
    try:
        facts = path.stat()
    except OSError:  # it is gone, which ffmpeg will say
        return Place()
    known = _Track(path, track, rate, channels, facts.st_size, facts.st_mtime_ns, marks)
    guessed = _tried(known, seconds, nearest, guess=True) if seconds >= _LATE else Place()
    return guessed if guessed.seconds else _tried(known, seconds, nearest, guess=False)


@lru_cache(maxsize=1024)
def _tried(known: _Track, seconds: int, nearest: int, *, guess: bool) -> Place:
    """A place that was compared with the mark of that number; the beginning if it is not that."""
    marks, rate = known.marks, known.rate
    around = _AROUND * rate
    expected = Place(seconds, (seconds + _ANCHOR) * rate, guess)
    begin = int(marks.places[nearest]) - expected.offset - around
    wanted = marks.samples[nearest].astype(np.float32)
    end = begin + 2 * around + len(wanted)
    cut = f"{expected.anchor(rate)},atrim=start_sample={begin}:end_sample={end}"
    arguments = [
        *_ffmpeg.media_input(known.path, seek=seconds, guess=guess),
        *("-map", f"0:a:{known.track - 1}", "-af", cut),
        *("-c:a", "pcm_f32le", "-f", "f32le", "pipe:1"),
    ]
    size = 4 * known.channels
    try:
        with _ffmpeg.Process(arguments, stdout=True) as process:
            data = process.read_bytes(size * (2 * around + len(wanted)))
    except FFmpegError:
        return Place()
    sound = np.frombuffer(data[: len(data) // size * size], "<f4").reshape(-1, known.channels)
    shift = _shift(sound[:, int(marks.channels[nearest])], wanted, around, rate)
    return Place() if shift is None else replace(expected, offset=expected.offset - shift)


def _shift(
    sound: NDArray[np.float32], wanted: NDArray[np.float32], expected: int, rate: int
) -> int | None:
    """How many samples later than expected something stands in a sound, or None."""
    sound = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float64)
    if len(sound) < len(wanted):
        return None
    powers = np.concatenate([[0.0], np.cumsum(sound**2)])
    power = powers[len(wanted) :] - powers[: -len(wanted)]
    length = 1 << (len(sound) + len(wanted)).bit_length()
    spectrum = np.fft.rfft(sound, length) * np.conj(np.fft.rfft(wanted, length))
    products = np.fft.irfft(spectrum, length)[: len(power)]
    floor = 1e-9 * max(power.max(), 1e-30)
    alike = products / np.sqrt(np.maximum(power, floor) * float(wanted @ wanted))
    best = float(alike.max())
    if best < _SAME:
        # A codec may add noise of its own after a seek. Then the expected place must be the best.
        near = alike[max(0, expected - _APART) : expected + _APART + 1]
        return 0 if expected < len(alike) and max(near.max(), _ALIKE) <= alike[expected] else None
    # A steady tone is alike at many places; of these, the nearest is taken.
    places = np.flatnonzero(alike >= best - (1 - best) - 1e-7)
    nearest = int(places[np.abs(places - expected).argmin()]) - expected
    # Containers round time stamps to a millisecond. What is farther off must be the only place.
    rounding = abs(nearest) <= rate // 2000 + 1
    return nearest if rounding or places[-1] - places[0] < _ONE else None
