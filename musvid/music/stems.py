"""Stems: a song's instruments as files of their own, from whoever produced it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path, PurePath

from .. import _validate
from ..errors import SettingsError, SongError, quoted
from ..song import LONGEST, Song

APART = 1.0
"""Seconds by which a stem may be longer or shorter than its song."""

MOST = 16
"""Stems of a song."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


Stems = tuple[tuple[str, str], ...]
"""Names of stems, each with the path of its file."""


def check(stems: object) -> Stems:
    """Stems of a mapping of names to paths, or of pairs. Raises SettingsError for what is none."""
    try:
        given = dict(stems)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        given = None
    if given is None or isinstance(stems, str):
        raise SettingsError(f"stems must be files by their names, not {quoted(stems)}.")
    if isinstance(stems, Sequence) and len(given) < len(stems):
        raise SettingsError("Two stems have one name; give each its own.")
    if len(given) > MOST:
        raise SettingsError(f"A song has {MOST} stems at most; mix some of them into one file.")
    for name in given:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise SettingsError(
                f"A stem's name is a word of small letters such as drums, not {quoted(name)}."
            )
    return tuple((name, path_of(f"The stem {name}", path)) for name, path in given.items())


def path_of(name: str, path: object) -> str:
    """A file's path as a text. name: of what it is. Raises SettingsError for what is none."""
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    _validate.text(name, path)
    if not path:
        raise SettingsError(f"{name} must be a file; give its path.")
    return str(path)


def parse(text: str) -> tuple[str, str]:
    """Name and file of a text such as ``drums=drums.wav``. Raises SettingsError if it is none."""
    name, sign, path = text.partition("=")
    if not sign:
        raise SettingsError(f"{quoted(text)} is no stem; write NAME=FILE, as in drums=drums.wav.")
    [found] = check({name.strip(): path.strip()})
    return found


def named(paths: Sequence[str]) -> Stems:
    """Files by the names of stems that their own names end with: ``My song - Drums.wav`` is drums.

    Raises SettingsError where two have one name, or one has none.
    """
    found: dict[str, str] = {}
    for path in paths:
        words = re.findall(r"[a-z][a-z0-9]*", PurePath(path).stem.lower(), re.ASCII)
        name = words[-1][:32] if words else ""
        if not name or name in found:
            raise SettingsError(
                f"The stem {quoted(PurePath(path).name)} needs a name of its own; let the files "
                "end with what they are, such as drums.wav and bass.wav."
            )
        found[name] = path
    return tuple(found.items())


def open_beside(song: Song, name: str, path: str | os.PathLike[str]) -> Song:
    """A stem of a song, opened and checked as the song was.

    Raises SongError where it cannot be read, or is not as long as the song's file.
    """
    try:
        facts = Path(path).stat()
        # What is far too long is not read to its end.
        longest = min(LONGEST, song.total / song.rate + 60)
        stem = _opened(Path(path), longest, facts.st_size, facts.st_mtime_ns)
    except OSError as error:
        raise SongError(
            f"The stem {name} cannot be read ({error.strerror}); check its name and folder."
        ) from None
    except SongError as error:
        raise SongError(f"The stem {name} cannot be used: {error}") from None
    mine, whole = stem.total / stem.rate, song.total / song.rate
    if abs(mine - whole) > APART:
        raise SongError(
            f"The stem {name} is {mine:.1f} s long, and the song {whole:.1f} s; give one that "
            "begins and ends with the song."
        )
    return stem


@lru_cache(maxsize=64)
def _opened(path: Path, longest: float, _size: int, _changed: int) -> Song:
    """A file opened once, since a page asks for it at every turn of a knob."""
    return Song.open(path, longest=longest)
