"""Stems: a song's instruments as files of their own, from whoever produced it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import SettingsError, SongError, quoted
from ..song import LONGEST, Song

APART = 1.0
"""Seconds by which a stem may be longer or shorter than its song."""

MOST = 16
"""Stems of a song."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


def check(stems: object) -> dict[str, str]:
    """Paths of stems by their names, as text. Raises SettingsError where there are none such."""
    if not isinstance(stems, Mapping):
        raise SettingsError(f"stems must be files by their names, not {quoted(stems)}.")
    if len(stems) > MOST:
        raise SettingsError(f"A song has {MOST} stems at most; mix some of them into one file.")
    for name, path in stems.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise SettingsError(
                f"A stem's name is a word of small letters such as drums, not {quoted(name)}."
            )
        if not isinstance(path, str | os.PathLike) or not os.fspath(path):
            raise SettingsError(f"The stem {name} must be a file, not {quoted(path)}.")
    return {name: str(path) for name, path in stems.items()}


def parse(text: str) -> tuple[str, str]:
    """Name and file of a text such as ``drums=drums.wav``. Raises SettingsError if it is none."""
    name, sign, path = text.partition("=")
    if not sign:
        raise SettingsError(f"{quoted(text)} is no stem; write NAME=FILE, as in drums=drums.wav.")
    [found] = check({name.strip(): path.strip()}).items()
    return found


def open_beside(song: Song, name: str, path: str | os.PathLike[str]) -> Song:
    """A stem of a song, opened and checked as the song was.

    Raises SongError where it cannot be read, or is not as long as the song's file.
    """
    longest = min(
        LONGEST, song.total / song.rate + 60
    )  # what is far too long is not read to its end
    try:
        stem = Song.open(Path(path), longest=longest)
    except SongError as error:
        raise SongError(f"The stem {name} cannot be used: {error}") from None
    mine, whole = stem.total / stem.rate, song.total / song.rate
    if abs(mine - whole) > APART:
        raise SongError(
            f"The stem {name} is {mine:.1f} s long, and the song {whole:.1f} s; give one that "
            "begins and ends with the song."
        )
    return stem
