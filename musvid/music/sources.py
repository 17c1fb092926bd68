"""What is heard in a song, as curves along time: the sources that a setting can follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .. import store as _store
from ..errors import SongError
from ..song import Song
from ..store import Store
from . import drums, levels, spectra, tones
from .spectra import STEP, Block

Curve = NDArray[np.float32]
Floats = NDArray[np.float64]

_VERSION = 1  # of what is computed; a higher one makes stored curves unknown

HUE = "chroma"
"""The source that is a hue: it goes round, so that 0 and 1 are the same."""

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "loudness": "how loud it is (ITU-R BS.1770, 400 ms), in decibels from quietest to loudest",
        "onsets": "how strongly something begins, at any pitch, against the strongest",
        "kick": "how strongly a bass drum is struck, against the strongest stroke",
        "snare": "how strongly a snare drum is struck, against the strongest stroke",
        "hats": "how strongly hi-hats and cymbals are struck, against the strongest stroke",
        "bass": "the power below 250 Hz, in decibels from quietest to loudest",
        "mids": "the power from 250 to 2500 Hz, in decibels from quietest to loudest",
        "treble": "the power above 2500 Hz, in decibels from quietest to loudest",
        "harmonic": "the power of what sounds on, in decibels from quietest to loudest",
        "percussive": "the power of what is struck, in decibels from quietest to loudest",
        "brightness": "the centre of the spectrum, in octaves from darkest to brightest",
        "chroma": "the pitch class that sounds most, as a hue round the circle of fifths, c is 0",
        **{
            f"chroma_{name}": f"how much {told} sounds in any octave, against the pitch that "
            "sounds most"
            for name, told in tones.NAMES.items()
        },
        "tension": "how far the harmony is from that of the 16 s around it, against the farthest",
    }
)
"""Every source: its name, and in one line what is 0 and what is 1."""


_TONES = (HUE, "tension", *(f"chroma_{name}" for name in tones.NAMES))
_SLOW = dict.fromkeys(_TONES, spectra.SLOW)


@dataclass(frozen=True, eq=False)
class Heard:
    """What is heard in a whole file.

    values: for each name of `SOURCES` float32 values from 0 to 1, the first one at the file's
        beginning.
    step: seconds between two values. slow: how many steps lie between two values of a source,
        where that is not one.
    """

    values: Mapping[str, Curve]
    step: float = STEP
    slow: Mapping[str, int] = field(default_factory=dict)

    def at(self, name: str, times: Floats) -> Floats:
        """A source's values at some times.

        times: seconds from the beginning of the file. Between two values it is the straight way,
        and of a hue the shorter one; before the first and behind the last it is theirs.
        """
        values = self.values[name].astype(np.float64)
        places = np.asarray(times, np.float64) / (self.step * self.slow.get(name, 1))
        if name == HUE:
            values = np.unwrap(values, period=1)
        found: Floats = np.interp(places, np.arange(len(values)), values)
        return found % 1 if name == HUE else found


def of(song: Song, store: Store | None = None) -> Heard:
    """What is heard in the whole file of a song, of which a part may be used.

    It is read in blocks; only the curves are kept, in memory and in the store. Raises SongError
    for a sound that is empty, and FFmpegError.
    """
    facts = song.path.stat()
    return _heard(song.part(), facts.st_size, facts.st_mtime_ns, _Shelf(store))


@dataclass(frozen=True)
class _Shelf:
    """A store, if there is one: whichever it is, what is heard is the same."""

    store: Store | None = field(compare=False)


@lru_cache(maxsize=16)
def _heard(song: Song, _size: int, _changed: int, shelf: _Shelf) -> Heard:
    if shelf.store is None:
        return Heard(_listen(song), slow=_SLOW)
    key = _store.address("heard", _VERSION, _store.content_of(song.path), song.track)
    values = shelf.store.arrays(key, lambda: _listen(song))
    return Heard(values, slow=_SLOW)


_RAW: dict[str, Callable[[Block], Curve]] = {
    "loudness": levels.loudness,
    "onsets": drums.onsets,
    "kick": drums.kick,
    "snare": drums.snare,
    "hats": drums.hats,
    "bass": levels.bass,
    "mids": levels.mids,
    "treble": levels.treble,
    "harmonic": levels.harmonic,
    "percussive": levels.percussive,
    "brightness": levels.brightness,
    "classes": tones.classes,
}


def _listen(song: Song) -> dict[str, Curve]:
    """The values of every source, by its name."""
    parts: dict[str, list[Curve]] = {name: [] for name in _RAW}
    for block in spectra.blocks(song):
        for name, raw in _RAW.items():
            parts[name].append(raw(block))
    if not parts["onsets"]:
        raise SongError(f"{song.path.name} is too short to follow its music.")
    raws = {name: np.concatenate(found) for name, found in parts.items()}
    classes = raws.pop("classes")
    values = {
        "loudness": levels.momentary(raws["loudness"]),
        "brightness": levels.in_octaves(raws["brightness"]),
        "onsets": drums.against_strongest(raws["onsets"]),
    }
    loud = float(np.sqrt(np.percentile(raws["loudness"], 99)))
    for name in ("kick", "snare", "hats"):
        values[name] = drums.against_strongest(raws[name], loud)
    for name in ("bass", "mids", "treble", "harmonic", "percussive"):
        values[name] = levels.in_decibels(raws[name])
    for name, column in zip(tones.NAMES, tones.chroma(classes).T, strict=True):
        values[f"chroma_{name}"] = np.ascontiguousarray(column)
    return {**values, HUE: tones.hue(classes), "tension": tones.tension(classes)}
