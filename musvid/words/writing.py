"""What is written on the video of a song: settings, the song and its tags as a script."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

from .. import _tags
from .._tags import Tags
from ..errors import SettingsError
from ..music.lock import Lock
from ..song import Song
from . import lines, reading
from .layout import Layout
from .lines import ENDINGS, Line
from .script import Script, Title
from .settings import ALL, AUTO, BAR, OFF, Words

_SHORTEST = 3.0  # seconds for which a title that stands for a bar is shown, at least
_PLACES = ("0", "0:s:a:0")  # of tags, see `_tags.every`


def beside(song: Path) -> Path | None:
    """The file of lyrics beside a song: of its name, with one of `ENDINGS`."""
    found = (song.with_suffix(ending) for ending in ENDINGS)
    try:
        return next((path for path in found if path != song and path.is_file()), None)
    except (OSError, ValueError):
        return None


def lyrics(words: Words, song: Song) -> tuple[Line, ...]:
    """The lyrics that settings name, in times of the song's file.

    Raises SettingsError where they cannot be read; those that come with a song may be missing.
    """
    if words.lyrics is None:
        return ()
    if words.lyrics != AUTO:
        found = _read(Path(words.lyrics))
    elif path := beside(song.path):
        found = _read(path)
    else:
        found = _embedded(song.path)
    shift = words.lyrics_shift
    if not shift:
        return found
    return tuple(
        Line(
            line.start + shift,
            line.end + shift,
            line.text,
            tuple((time + shift, word) for time, word in line.words),
        )
        for line in found
    )


def _read(path: Path) -> tuple[Line, ...]:
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return tuple(reading.read(path))  # whose errors are sentences
    return _kept(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=8)
def _kept(path: Path, _size: int, _changed: int) -> tuple[Line, ...]:
    return tuple(reading.read(path))


def _embedded(path: Path) -> tuple[Line, ...]:
    """The lyrics in a song's tags; none where there are none, or they have no times."""
    try:
        facts = path.stat()
    except OSError:
        return ()
    return _in_tags(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=8)
def _in_tags(path: Path, _size: int, _changed: int) -> tuple[Line, ...]:
    for place in _PLACES:
        for name, text in _tags.every(path, place).items():
            if "lyrics" in name:
                try:
                    return tuple(reading.parse(text[: lines.MOST_BYTES], path.name))
                except SettingsError:
                    continue  # they have no times, or others than LRC's
    return ()


def remarks(words: Words, song: Song, found: tuple[Line, ...]) -> list[str]:
    """Sentences on where lyrics were found, or that they are there and not taken."""
    path = beside(song.path)
    if words.lyrics is None and path:
        return [f"There are lyrics beside the song ({path.name}); --lyrics auto shows them"]
    if words.lyrics != AUTO:
        return []
    if not found:
        nothing = (
            "No lyrics with times come with the song, in its tags or as an LRC or SRT file of its "
            "name beside it"
        )
        return [nothing]
    where = path.name if path else f"the tags of {song.path.name}"
    return [f"The lyrics are those in {where}"]


def compose(
    words: Words,
    song: Song,
    tags: Tags,
    sung: tuple[Line, ...],
    size: tuple[int, int],
    bar: Lock | None = None,
    direction: str = "",
    *,
    loop: bool = False,
) -> Script:
    """The script of a song's part, whose times are seconds from the part's beginning.

    sung: lyrics in times of the file. size: (width, height) of the video. bar: tempo and beat, for
    a title that stands for a bar. direction, loop: see `Script`.
    """
    first, seconds = song.first / song.rate, float(song.duration)
    title = None
    if words.show_title != OFF and (tags.title or tags.artist):
        shown: float | None = None
        if words.show_title == BAR:
            shown = _bars(bar, first)
        elif words.show_title != ALL:
            shown = float(words.show_title)
        title = Title(tags.title, tags.artist, shown, words.title_place)
    moved = [
        Line(
            line.start - first,
            line.end - first,
            line.text,
            tuple((time - first, word) for time, word in line.words),
        )
        for line in lines.within(sung, first, first + seconds)
    ]
    return Script(
        Layout(*size, words.text_size),
        seconds,
        title,
        tuple(moved),
        words.lyrics_place,
        direction,
        loop,
    )


def _bars(lock: Lock | None, first: float) -> float:
    """Seconds from a moment of the file to the end of its bar, or of the bar in which the title has
    been shown for long enough. lock: tempo and beat; without it, that is all."""
    if lock is None or lock.bpm is None:
        return _SHORTEST
    bar = 60 / float(lock.bpm) * lock.per_bar
    beat = lock.beats[0] if lock.beats else (lock.beat or 0.0)
    return beat + math.ceil((first + _SHORTEST - beat) / bar - 1e-9) * bar - first
