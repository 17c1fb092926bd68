"""A song's score as a MIDI file: when notes begin, and how hard they are struck."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingsError, quoted
from ..ranges import DAY

Floats = NDArray[np.float64]

DECAY = 0.2
"""Seconds in which what is left of a note falls to 1/e."""

LARGEST = 4_000_000
"""Bytes that a MIDI file may have; a symphony has some 100,000."""

_MOST = 1_000_000  # messages; a few bytes can stand for one
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NOTE = re.compile(r"([A-Ga-g])([#b]?)(-1|[0-9])", re.ASCII)
_SPAN = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?", re.ASCII)
_CHANNEL = re.compile(r"ch(\d{1,2})", re.ASCII)


@dataclass(frozen=True, eq=False)
class Score:
    """The notes of a file, in the order in which they begin.

    times: seconds from the beginning. pitches: 0 to 127, 60 is the middle c. channels: 1 to 16.
    velocities: 1 to 127.
    """

    times: Floats
    pitches: NDArray[np.int16]
    channels: NDArray[np.int16]
    velocities: NDArray[np.int16]

    def curve(self, which: Which, times: Floats) -> Floats:
        """How hard a note was struck that still rings, at some times: the velocity as a part of
        127, which decays by `DECAY`; of several notes, the one that is loudest then.

        times: seconds from the beginning of the file.
        """
        low, high = which.pitches
        own = (self.pitches >= low) & (self.pitches <= high)
        if which.channel is not None:
            own &= self.channels == which.channel
        begun = self.times[own]
        if not len(begun):
            return np.zeros(len(times))
        # In logarithms all notes fall alike, so the loudest one so far stays it until the next.
        levels = np.maximum.accumulate(np.log(self.velocities[own] / 127) + begun / DECAY)
        last = np.searchsorted(begun, times, "right") - 1
        ringing: Floats = np.exp(levels[np.maximum(last, 0)] - np.asarray(times) / DECAY)
        return np.where(last >= 0, np.minimum(ringing, 1), 0.0)


@dataclass(frozen=True)
class Which:
    """Some notes: of pitches from one to another, both included, and of one channel or of all."""

    pitches: tuple[int, int] = (0, 127)
    channel: int | None = None

    @classmethod
    def parse(cls, text: str) -> Which:
        """Of "" (all notes), a note such as C2 or F#3 (C4 is 60), a number or two such as 36-41, or
        a channel such as ch10.

        Raises SettingsError for another text.
        """
        if not text:
            return cls()
        if found := _NOTE.fullmatch(text):
            letter, sign, octave = found.groups()
            pitch = 12 * (int(octave) + 1) + _STEPS[letter.upper()]
            pitch += {"#": 1, "b": -1, "": 0}[sign]
            if 0 <= pitch <= 127:
                return cls((pitch, pitch))
        if found := _SPAN.fullmatch(text):
            low, high = int(found[1]), int(found[2] or found[1])
            if low <= high <= 127:
                return cls((low, high))
        if (found := _CHANNEL.fullmatch(text)) and 1 <= int(found[1]) <= 16:
            return cls(channel=int(found[1]))
        raise SettingsError(
            f"{quoted(text)} is no part of a MIDI file; write a note such as C2, pitches such as "
            "36-41, or a channel such as ch10."
        )


def read(path: str | os.PathLike[str]) -> Score:
    """The notes of a MIDI file, at the times that its tempo gives them.

    Raises SettingsError where it cannot be read, or is none.
    """
    path = Path(path)
    try:
        facts = path.stat()
    except OSError as error:
        raise SettingsError(
            f"The MIDI file {quoted(path.name)} cannot be read ({error.strerror})."
        ) from None
    if not path.is_file() or facts.st_size > LARGEST:
        raise SettingsError(
            f"{quoted(path.name)} is no MIDI file, which has {LARGEST // 10**6} MB at most; give "
            "another one."
        )
    return _read(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _size: int, _changed: int) -> Score:
    import mido

    try:
        file = mido.MidiFile(path)
        if sum(map(len, file.tracks)) > _MOST:
            raise SettingsError(f"{quoted(path.name)} has too many notes; give another file.")
        notes, time = [], 0.0
        for message in file:
            time += message.time
            if message.type == "note_on" and message.velocity:
                notes.append((time, message.note, message.channel + 1, message.velocity))
    except SettingsError:
        raise
    except Exception:  # whatever mido meets in a file that is broken, or none at all
        raise SettingsError(
            f"{quoted(path.name)} is no MIDI file that can be read; export it again as a standard "
            "MIDI file (.mid), of type 0 or 1."
        ) from None
    starts = [note[0] for note in notes]
    if not (0 <= time <= DAY) or any(late < early for early, late in pairwise(starts)):
        raise SettingsError(f"The notes of {quoted(path.name)} have no times; export it again.")
    columns = np.array(notes, np.float64).reshape(-1, 4).T
    whole = [column.astype(np.int16) for column in columns[1:]]
    return Score(columns[0], *whole)
