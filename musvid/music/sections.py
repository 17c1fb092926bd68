"""The form of a song, found by listening to all of its file: a proposal, for whoever knows better.

Three layers: `listen` (a song to what is heard of it), `units` (its beats, or a grid where there is
no beat), and `find` (a song to its `Form`), which has `musvid.music.parts` divide them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SongError
from ..song import Song
from . import _librosa, tempo
from . import samples as sound
from .form import LETTERS, Form, Section
from .lock import Lock
from .parts import SHORTEST, Units, divide

Floats = NDArray[np.float64]

HOP = 1024
"""Samples (of `musvid.music.samples.RATE`) between two windows of `listen`: 46 ms."""

_WINDOW, _BANDS, _HIGHEST = 4096, 40, 10_000
_BORDER = 8 * HOP
_FRAMES = 20_000  # that are kept of a song: of one above a quarter of an hour, means of several
_MOST = 1000  # units that are compared with each other; of a longer song, they are bars
_GRID = 0.5  # seconds, where there is no beat
_REST = 0.2  # seconds in which a last unit is not worth while


@dataclass(frozen=True, eq=False)
class Heard:
    """What is heard of a song.

    power: of 40 mel bands, (count, 40). chroma: of 12 pitch classes, (count, 12). step: seconds
    between two rows, the first of which is at 0.
    """

    power: NDArray[np.float32]
    chroma: NDArray[np.float32]
    step: float


def find(song: Song, lock: Lock | None = None) -> Form:
    """The form of a song's whole file, whichever part of it is used.

    lock: one whose tempo and beat are known: a part begins with one of its bars. Without it, beats
        and bars are listened for (see `musvid.music.tempo`); where there are none, borders lie on a
        grid.

    Times are in seconds of the file, to 10 ms, and the same at every call. A song that is shorter
    than two parts, or in which nothing differs, is one part A. It is decoded in blocks; a minute of
    it takes about a second. Raises FFmpegError.
    """
    whole, facts = song.part(), song.path.stat()
    known = replace(lock, note="1/4") if lock is not None and lock.found else None
    return _found(whole, known, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=32)
def _found(song: Song, lock: Lock | None, _size: int, _changed: int) -> Form:
    if song.duration < 2 * SHORTEST:
        return Form()
    heard = listen(song)
    sections: list[Section] = []
    beats = lock or _beats(song)
    bars = beats is not None and (beats is lock or beats.bar is not None)
    for time, letter in divide(units(heard, float(song.duration), beats, bars)):
        section = Section(round(time, 2), LETTERS[letter])
        if not sections or section.start > sections[-1].start:
            sections.append(section)
    return Form(tuple(sections))


def listen(song: Song) -> Heard:
    """What is heard of a song's part. It is read in blocks; of a long one, means are kept.

    Raises SongError when the part is too short for that, and FFmpegError.
    """
    librosa = _librosa.load()

    common: dict[str, Any] = {"sr": sound.RATE, "n_fft": _WINDOW}
    bands = librosa.filters.mel(n_mels=_BANDS, fmax=_HIGHEST, **common)
    tones = librosa.filters.chroma(tuning=0.0, **common)
    frames = float(song.duration) * sound.RATE / HOP
    # A power of two divides the frames of a block.
    together = min(sound.BLOCK // HOP, 2 ** max(0, int(np.ceil(np.log2(frames / _FRAMES)))))
    power, chroma = [], []
    for block, before in sound.blocks(song, border=_BORDER):
        magnitude = np.abs(librosa.stft(block, n_fft=_WINDOW, hop_length=HOP))
        end = min(len(block), before + sound.BLOCK)
        own = magnitude[:, before // HOP : -(-end // HOP)]
        power.append(_pooled((bands @ own**2).T, together))
        chroma.append(_pooled((tones @ own).T, together))
    if not power:
        raise SongError(f"{song.path.name} is too short to hear parts in it.")
    return Heard(np.concatenate(power), np.concatenate(chroma), HOP * together / sound.RATE)


def units(heard: Heard, duration: float, lock: Lock | None, bars: bool) -> Units:
    """What is heard in every beat of a lock, or without one in every half second.

    duration: of the song, in seconds. bars: whether the lock knows where bars begin, so that parts
    begin there. Of a song that has more than 1000 beats, units are one or more bars, or longer
    stretches of the grid.
    """
    borders = None
    if lock is None:
        times = np.arange(0, duration, _GRID * max(1, np.ceil(duration / _GRID / _MOST)))
    else:
        times = _inside(lock, duration, 1)
        if len(times) > _MOST:
            times = _inside(lock, duration, lock.per_bar)
            times = times[:: -(-len(times) // _MOST)]
        elif bars:
            borders = np.isin(times, _inside(lock, duration, lock.per_bar))
    if not len(times) or times[0] > 0.3:  # what is before the first beat
        times = np.concatenate([[0.0], times])
        borders = None if borders is None else np.concatenate([[True], borders])
    times[0] = 0.0
    edges = np.round(np.append(times, duration) / heard.step).astype(int)
    edges = np.minimum(edges, len(heard.power))
    whole = np.append(np.diff(edges) > 0, True)  # all but a beat without a frame
    times, edges = times[whole[:-1]], edges[whole]
    return Units(
        times,
        duration,
        _means(heard.power, edges),
        _means(heard.chroma, edges),
        lock is not None,
        None if borders is None else borders[whole[:-1]],
    )


def _beats(song: Song) -> Lock | None:
    try:
        return tempo.find(song).lock("1/4")
    except SongError:
        return None


def _inside(lock: Lock, duration: float, beats: int) -> Floats:
    """Times in a song at which a bar of so many beats begins."""
    times = np.array(replace(lock, bar=beats).bars(0, duration))
    return times[(times >= 0) & (times < duration - _REST)]


def _pooled(values: NDArray[np.float32], together: int) -> NDArray[np.float32]:
    """Means of so many rows each."""
    begins = np.arange(0, len(values), together)
    lengths = np.diff(begins, append=len(values))
    return np.asarray(np.add.reduceat(values, begins, axis=0) / lengths[:, None], np.float32)


def _means(values: NDArray[np.float32], edges: NDArray[np.int_]) -> Floats:
    """Means of the rows between edges, which rise."""
    sums = np.cumsum(values, axis=0, dtype=np.float64)
    sums = np.concatenate([np.zeros((1, values.shape[1])), sums])
    return np.asarray(np.diff(sums[edges], axis=0) / np.diff(edges)[:, None])
