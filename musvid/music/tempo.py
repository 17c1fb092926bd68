"""Tempo, beats and bars of a song: a proposal, for whoever knows better.

Two layers: `track` (what is heard to beats), `find` (a song's part to `Beats`). Which pulse is the
beat says `musvid.music.meter`, or a network where one is asked for (`musvid.music.neural`). Such
beats lie on a grid of some milliseconds, with which keyframes would leave the music after a while.
So each beat is moved to the onset beside it, which is found to the millisecond, and the tempo is
the slope of the straight line through all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import SongError
from ..song import Song
from . import bands, meter, neural, onsets
from . import samples as sound
from .bands import Bands
from .lock import MAX_BPM, MIN_APART, MIN_BPM, Lock, parse_bpm
from .meter import Read
from .neural import Network

Floats = NDArray[np.float64]

LONGEST = 600
"""Seconds of a song that are listened to; of a longer one, those around the part that is used."""

_REACH = 0.06  # seconds between a beat and its onset
_LOUD = 0.02  # part of the strongest onset above which something begins
_SURE = 0.6  # likelihood from which bars are told
_NEAR = 0.03  # seconds that a beat of a steady tempo may be off
_STEADY = 0.7  # part of the beats (weighted by their onsets) that are as near as that


@dataclass(frozen=True)
class Beats:
    """What was found.

    bpm: beats per minute, to four decimals. beat: seconds from the beginning of the file to the
    first beat. times: all beats in seconds from the beginning of the file. spread: the standard
    deviation of the intervals between beats as a part of their median. steady: whether one tempo
    fits all of the song, to 30 ms. bar: beats of a bar, and downbeat: seconds from the beginning of
    the file to the first beat with which a bar begins; both None where the song does not tell.
    """

    bpm: Fraction
    beat: float
    times: tuple[float, ...]
    spread: float
    steady: bool
    bar: int | None = None
    downbeat: float | None = None

    def lock(self, note: str) -> Lock:
        """Keyframes on these beats' notes: on a constant grid where the tempo is steady."""
        times: list[float] = []
        for time in () if self.steady else self.times:
            if not times or time - times[-1] >= MIN_APART:  # two may have found one onset
                times.append(time)
        first = self.beat if self.downbeat is None else self.downbeat
        return Lock(note, self.bpm, first, self.bar, tuple(times))

    def __str__(self) -> str:
        how = (
            "steady: keyframes lie on a constant grid"
            if self.steady
            else "the tempo wanders: keyframes follow the beats"
        )
        bars = ""
        if self.bar is not None and self.downbeat is not None:
            bars = f", bars of {self.bar} from {self.downbeat:.3f} s"
        return (
            f"{float(self.bpm):.2f} bpm, first beat at {self.beat:.3f} s{bars}; intervals spread "
            f"by {100 * self.spread:.1f} %; {how}"
        )


def find(song: Song, bpm: Fraction | None = None) -> Beats:
    """Tempo and beats of a song's whole file, or of the `LONGEST` seconds around the part.

    bpm: the tempo, where it is known, so that only its beats are looked for.

    The network of the extra `musvid[beats]` finds them where it is installed, see
    `musvid.music.neural`. Raises SongError when no beat is found, SettingsError when MUSVID_BEATS
    is wrong, and ModelError when it insists on that network, which cannot be had.
    """
    facts = song.path.stat()
    return _found(_listened(song), bpm, neural.network(), facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=32)
def _found(
    song: Song, bpm: Fraction | None, network: Network | None, _size: int, _changed: int
) -> Beats:
    read = neural.read(song, network) if network and bpm is None else None
    beats = track(bands.listen(song), read, bpm=bpm)
    if beats is None:
        raise SongError(f"No beat was found in {song.path.name}; give its tempo with bpm and beat.")
    start = song.first / song.rate
    return replace(
        beats,
        beat=round(beats.beat + start, 4),
        times=tuple(round(time + start, 4) for time in beats.times),
        downbeat=None if beats.downbeat is None else round(beats.downbeat + start, 4),
    )


def _listened(song: Song) -> Song:
    most = LONGEST * song.rate
    first = max(0, min(song.first - max(0, most - song.samples) // 2, song.total - most))
    return replace(song, first=first, samples=min(song.total - first, most))


def track(heard: Bands, read: Read | None = None, *, bpm: Fraction | None = None) -> Beats | None:
    """Beats to the millisecond, in seconds from the beginning of what was heard.

    read: beats that are known to some ten milliseconds; without, the likeliest reading is looked
    for. bpm: the tempo, where it is known. Returns None where there is no beat.
    """
    fine = heard.fine
    read = read or meter.read(heard, None if bpm is None else float(60 / bpm))
    if read is None:
        return None
    rough, first_bar = _sounding(read, fine)
    if len(rough) < 4:
        return None
    times, weights = _moved(rough, fine, _REACH)
    numbers = _numbered(times)
    length, first, off = _line(numbers, times, weights, None if bpm is None else float(60 / bpm))
    near = np.abs(off) <= _NEAR
    # Once more, from the line: a beat that was moved to the wrong onset finds the right one.
    again = _moved(first + length * numbers, fine, _NEAR)
    if bpm is None:
        length, *_ = _line(numbers, *again, None)
        bpm = _round(60 / length, numbers[-1] * length)
    length, first, _ = _line(numbers, *again, float(60 / bpm))
    intervals = np.diff(times) / np.maximum(1, np.diff(numbers))
    steady = bool((weights * near).sum() >= _STEADY * weights.sum())
    beat = _early(first, length)
    bar = downbeat = None
    if read.sure >= _SURE and first_bar < len(times):
        bar = read.bar
        if steady:
            downbeat = _early(first + length * numbers[first_bar], length * bar)
        else:
            downbeat = float(times[first_bar])
    return Beats(
        bpm=bpm,
        beat=beat,
        times=tuple(float(time) for time in times),
        spread=float(np.std(intervals) / np.median(intervals)),
        steady=steady,
        bar=bar,
        downbeat=downbeat,
    )


def _early(time: float, length: float) -> float:
    """The first of moments that are so far apart; just before 0 rather than just before the end."""
    early = time % length
    return float(early if length - early > onsets.FINE / sound.RATE else early - length)


def _sounding(read: Read, fine: Floats) -> tuple[Floats, int]:
    """The beats between the first and the last sound, and which of them begins the first bar."""
    loud = np.flatnonzero(fine > _LOUD * fine.max(initial=0.0)) * (onsets.FINE / sound.RATE)
    if not len(loud):
        return read.times[:0], 0
    inside = (read.times >= loud[0] - _REACH) & (read.times <= loud[-1] + _REACH)
    skipped = int(inside.argmax())
    return read.times[inside], (read.first - skipped) % read.bar


def _round(bpm: float, seconds: float) -> Fraction:
    """The tempo rounded to a whole number or a tenth, if that moves no beat by 5 ms."""
    for digits in (0, 1, 2, 3):
        whole = round(bpm, digits)
        if abs(whole / bpm - 1) * seconds < 0.005:
            return parse_bpm(min(MAX_BPM, max(MIN_BPM, whole)))
    return parse_bpm(min(MAX_BPM, max(MIN_BPM, bpm)))


def _moved(beats: Floats, fine: Floats, reach: float) -> tuple[Floats, Floats]:
    """Beats moved to the nearest strong onset, and how strong each of these onsets is."""
    step = onsets.FINE / sound.RATE
    around = round(reach / step)
    window = np.cos(np.linspace(-1, 1, 2 * around + 1) * np.pi / 2) ** 0.5
    padded = np.pad(fine, around)
    times, weights = [], []
    for beat in beats:
        centre = max(0, min(len(fine) - 1, round(beat / step)))
        seen = padded[centre : centre + 2 * around + 1] * window
        begin = peak = int(seen.argmax())
        while begin and seen[begin - 1] > seen[peak] / 2:
            begin -= 1
        strong = seen[peak] > 0
        times.append((centre - around + begin + 0.5) * step if strong else beat)
        weights.append(seen[peak])
    return np.array(times), np.array(weights) + 1e-9


def _numbered(times: Floats) -> Floats:
    """The number of each beat, from 0; numbers are skipped where a beat was left out."""
    apart = np.diff(times)
    steps = np.maximum(1, np.round(apart / np.median(apart)))
    return np.concatenate([[0.0], np.cumsum(steps)])


def _line(
    numbers: Floats, times: Floats, weights: Floats, length: float | None
) -> tuple[float, float, Floats]:
    """The line through most beats: seconds per beat, the time of beat 0, and each beat's error.

    By iteratively reweighted least squares: a beat counts the less, the farther it is off.
    """
    counts, first, slope = weights.copy(), 0.0, length or 1.0
    off = times
    for _ in range(30):
        mean, middle = np.average(times, weights=counts), np.average(numbers, weights=counts)
        if length is None:
            spread = np.average((numbers - middle) ** 2, weights=counts)
            slope = np.average((numbers - middle) * (times - mean), weights=counts) / spread
        first = mean - slope * middle
        off = times - first - slope * numbers
        usual = max(0.002, 1.48 * float(np.median(np.abs(off))))
        counts = weights / (1 + (off / usual) ** 2) ** 2
    return float(slope), float(first), off
