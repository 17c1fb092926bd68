"""What a setting can follow, by its name: of the song, of a stem, and of its score."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingsError, listed, quoted
from ..song import Song
from ..store import Store
from . import author, counting, midi, sources, stems
from .form import Form
from .lock import Lock

Floats = NDArray[np.float64]

COUNTED = {
    "beat": "how far in the beat it is, from 0 at each beat to 1 at the next one",
    "bar": "how far in the bar it is, from 0 where it begins to 1 where the next one does",
    "section": "how loud, busy and bright the song's part is, against its other parts",
}
"""What can be followed besides `sources.SOURCES`, of the song alone."""

MIDI = "midi"
"""How the notes of a MIDI file are called; behind an @ stands which of them, see `midi.Which`."""


@dataclass(frozen=True, eq=False)
class Listening:
    """A song that is listened to, once something is read. Make one for each song and its settings.

    song: of which the whole file is heard. stems: files by their names. midi: a file.
    lock: whose tempo beat and bar have. form: the parts of the whole file, asked for when a section
        is read.
    store: where what is heard is kept.
    """

    song: Song
    stems: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)
    midi: str | os.PathLike[str] | None = None
    lock: Lock = field(default_factory=Lock)
    form: Callable[[], Form] = Form
    store: Store | None = None

    def names(self) -> list[str]:
        """What `read` knows, as it is written: the song's sources, and one for each stem."""
        own = [*sources.SOURCES, *COUNTED, *([MIDI] if self.midi else [])]
        return [*own, *(f"{name}@{stem}" for stem in self.stems for name in sources.SOURCES)]

    def check(self, name: str, of: str = "") -> None:
        """Raises SettingsError where there is nothing such; it says what there is."""
        if name == MIDI:
            midi.Which.parse(of)
            if not self.midi:
                raise SettingsError("There is no MIDI file to follow; give one with --midi FILE.")
            return
        known = [*sources.SOURCES, *([] if of else COUNTED)]
        if of and not self.stems:
            raise SettingsError(f"There is no stem {quoted(of)}; give it with --stem NAME=FILE.")
        if of and of not in self.stems:
            raise SettingsError(
                f"There is no stem {quoted(of)}, but {listed(list(self.stems))}; write one of "
                "these, or give it with --stem NAME=FILE."
            )
        if name not in known:
            there = listed(known, len(known))
            if of:
                raise SettingsError(
                    f"A source of stems is no {quoted(name)}; the sources are {there}."
                )
            raise SettingsError(f"There is no source {quoted(name)}; the sources are {there}.")

    def open(self) -> None:
        """Opens all stems and the MIDI file, so that one which cannot be used is told now.

        Raises SongError and SettingsError.
        """
        for name in self.stems:
            self._stem(name)
        if self.midi:
            midi.read(self.midi)

    def read(self, name: str, of: str, times: Floats) -> Floats:
        """A source's values, 0 to 1, at some times.

        name: of `names`, in front of the @. of: a stem's name, or "" for the song itself; of midi
            which of its notes, see `midi.Which`.
        times: seconds from the beginning of the file, increasing or not.

        Raises SettingsError for what there is not, a MIDI file that cannot be read, or while no
        tempo is known; SongError for a stem
        that cannot be used, and FFmpegError.
        """
        self.check(name, of)
        times = np.asarray(times, np.float64)
        if name == MIDI and self.midi:
            return midi.read(self.midi).curve(midi.Which.parse(of), times)
        if name == "beat":
            return counting.beat(self.lock, times)
        if name == "bar":
            return counting.bar(self.lock, times)
        if name == "section":
            return self._section(times)
        song = self._stem(of) if of else self.song
        return sources.of(song, self.store).at(name, times)

    def _stem(self, name: str) -> Song:
        if name not in self._opened:
            self._opened[name] = stems.open_beside(self.song, name, Path(self.stems[name]))
        return self._opened[name]

    @cached_property
    def _opened(self) -> dict[str, Song]:
        return {}

    @cached_property
    def _energies(self) -> tuple[Form, Mapping[str, float]]:
        form = self.form()
        return form, author.energy(self.song.part(), form)

    def _section(self, times: Floats) -> Floats:
        """The energy of the part that each time lies in."""
        form, energies = self._energies
        starts = [section.start for section in form.sections]
        values = np.array([energies[section.letter] for section in form.sections])
        found: Floats = values[np.maximum(np.searchsorted(starts, times, "right") - 1, 0)]
        return found
