"""Lines of lyrics and their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_LINES = 20_000
"""Lines of a file of lyrics, at most."""

MOST_BYTES = 4_000_000
"""Bytes of such a file, at most."""

ENDINGS = (".lrc", ".srt")
"""How their names end."""


@dataclass(frozen=True)
class Line:
    """What is sung between two moments of the song, in seconds of its file.

    text: as it stands in the file; lines within it are parted by ``\\n``. words: where each of them
    has a time of its own, the moment at which it begins and its text; together they are the text.
    """

    start: float
    end: float
    text: str
    words: tuple[tuple[float, str], ...] = ()


def within(lines: Sequence[Line], start: float, end: float) -> list[Line]:
    """The lines of which something is shown between two moments."""
    return [line for line in lines if line.start < end and line.end > start]
