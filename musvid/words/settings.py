"""What is written on the picture: the settings."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from .. import _validate
from ..errors import SettingsError, quoted
from ..ranges import RANGES

OFF, BAR, ALL = "off", "bar", "all"
"""When a title is shown, beside a number of seconds: never, in the first bar, and all the time."""

AUTO = "auto"
"""Lyrics that come with the song: in its tags, or in a file beside it."""

TITLE_PLACES = ("lower-left", "lower-centre", "centre", "upper-left", "upper-centre")
LYRICS_PLACES = ("lower", "centre", "upper")
LOGO_PLACES = ("upper-left", "upper-right", "lower-left", "lower-right", "centre")

_SECONDS = re.compile(r"\d{1,5}(?:\.\d{1,6})?", re.ASCII)


@dataclass(frozen=True)
class Words:
    """What stands on the picture, beside the song's title and artist (see `Recipe`).

    show_title: when title and artist are shown: "off"; seconds from the beginning of the video,
        such as "5"; "bar" for its first bar, or as many as last three seconds; "all".
    title_place: a name from `TITLE_PLACES`. text_size: 0.5 to 2 times the usual size.
    lyrics: the path of an LRC or SRT file, or "auto" for those that come with the song. Its times
        are the file's.
    lyrics_place: a name from `LYRICS_PLACES`. lyrics_shift: seconds by which they come later.
    logo: the path of a picture file. logo_place: a name from `LOGO_PLACES`. logo_size: 0.04 to 0.8
        of the picture's shorter side. logo_pulse: 0 to 1; how much it grows where notes begin.

    As with a cover, settings that are stored hold the names of these files only, and settings that
    are read show none.
    """

    show_title: str = OFF
    title_place: str = "lower-left"
    text_size: float = 1.0
    lyrics: str | None = None
    lyrics_place: str = "lower"
    lyrics_shift: float = 0.0
    logo: str | None = None
    logo_place: str = "upper-right"
    logo_size: float = 0.14
    logo_pulse: float = 0.3

    def __post_init__(self) -> None:
        object.__setattr__(self, "show_title", parse_shown(self.show_title))
        _validate.choice("title_place", self.title_place, TITLE_PLACES)
        _validate.choice("lyrics_place", self.lyrics_place, LYRICS_PLACES)
        _validate.choice("logo_place", self.logo_place, LOGO_PLACES)
        for name in ("text_size", "lyrics_shift", "logo_size", "logo_pulse"):
            RANGES[f"words.{name}"].check(name, getattr(self, name))
        for name in ("lyrics", "logo"):
            if (path := getattr(self, name)) is not None:
                if isinstance(path, os.PathLike):
                    path = os.fspath(path)
                    object.__setattr__(self, name, path)
                _validate.text(name, path)

    @property
    def written(self) -> bool:
        """Whether anything may be written: a title or lyrics."""
        return self.show_title != OFF or self.lyrics is not None


def parse_shown(value: object) -> str:
    """When a title is shown, as `Words.show_title` has it. Raises SettingsError."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6:
        value = f"{value:f}"
    if isinstance(value, str):
        text = value.strip().lower()
        if text in (OFF, BAR, ALL):
            return text
        if _SECONDS.fullmatch(text) and float(text) <= RANGES["duration"].high:
            return f"{float(text):g}" if float(text) else OFF
    raise SettingsError(
        f"show_title must be off, bar, all, or a number of seconds such as 5, not {quoted(value)}."
    )
