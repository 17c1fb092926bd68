"""The form of a song: where its parts begin, and which of them are alike.

As musicians write it: ``0:00 A | 0:32 B | 1:04 A``. `musvid.music.sections` finds it.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from .. import _validate
from ..clock import parse_time
from ..errors import SettingsError, quoted
from ..ranges import DAY

AUTO = "auto"
"""Stands for the form that is found in the song."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_DIGITS = 2  # of a time's seconds: 10 ms
_PART = re.compile(r"(\S+)\s+([A-Za-z])", re.ASCII)


@dataclass(frozen=True)
class Section:
    """A part of a song.

    start: seconds from the beginning of the file, to 10 ms. letter: A to Z; parts that are alike
    have the same one.
    """

    start: float
    letter: str

    def __post_init__(self) -> None:
        _validate.number("The time of a part", self.start, 0, DAY, " (seconds)")
        object.__setattr__(self, "start", round(float(self.start), _DIGITS))
        if not isinstance(self.letter, str) or len(self.letter) != 1 or self.letter not in LETTERS:
            raise SettingsError(f"A part's letter must be A to Z, not {quoted(self.letter)}.")

    def __str__(self) -> str:
        hundredths = round(self.start * 100)
        whole, rest = divmod(hundredths, 100)
        minutes, seconds = divmod(whole, 60)
        hours, minutes = divmod(minutes, 60)
        time = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
        decimals = f".{rest:02d}".rstrip("0") if rest else ""
        return f"{time}:{seconds:02d}{decimals} {self.letter}"


@dataclass(frozen=True)
class Form:
    """The parts of a whole file, in order.

    sections: one or more, of which each begins later than the one before it. The first one begins
        the song: whatever its time was, it is 0.

    Raises SettingsError for sections that are none.
    """

    sections: tuple[Section, ...] = (Section(0.0, "A"),)

    def __post_init__(self) -> None:
        if not self.sections:
            raise SettingsError('A form needs a part; write it as "0:00 A | 0:32 B | 1:04 A".')
        for early, late in pairwise(self.sections):
            if late.start <= early.start:
                raise SettingsError(
                    f"The times of a song's parts must rise; {quoted(str(late))} does not."
                )
        first, *others = self.sections
        object.__setattr__(self, "sections", (Section(0.0, first.letter), *others))

    @classmethod
    def parse(cls, text: str) -> Form:
        """The form of a text such as ``0:00 A | 0:32 B | 1:04 A``; times as `parse_time` reads.

        Raises SettingsError when it is none, or its times do not rise.
        """
        _validate.text("form", text)
        sections = []
        for part in text.split("|"):
            found = _PART.fullmatch(part.strip())
            if not found:
                raise SettingsError(
                    f"{quoted(part.strip())} is no part of a song; write times and letters, as in "
                    "0:00 A | 0:32 B | 1:04 A."
                )
            sections.append(Section(parse_time(found[1]), found[2].upper()))
        return cls(tuple(sections))

    def __str__(self) -> str:
        return " | ".join(map(str, self.sections))

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters that there are, in the order of the alphabet."""
        return tuple(sorted({section.letter for section in self.sections}))

    @cached_property
    def _starts(self) -> list[float]:
        return [section.start for section in self.sections]

    def number(self, time: float) -> int:
        """Which section a time lies in, from 0; before the song begins, it is the first one.

        time: seconds from the beginning of the file. A section's start is its own.
        """
        return max(0, bisect.bisect_right(self._starts, time) - 1)

    def at(self, time: float) -> Section:
        """The section that a time lies in, see `number`."""
        return self.sections[self.number(time)]

    def spans(self, start: float, end: float) -> Iterator[tuple[float, float, str]]:
        """What of a song's part each section takes: start and end in seconds, and its letter.

        start, end: of the part, in seconds from the beginning of the file, as are those given.
        """
        ends = [*self._starts[1:], float("inf")]
        for section, last in zip(self.sections, ends, strict=True):
            first, last = max(start, section.start), min(end, last)
            if first < last:
                yield first, last, section.letter


def check(text: object) -> str:
    """A setting of this kind, in one way of writing: "auto", or the text of a form.

    Raises SettingsError when it is neither.
    """
    if text == AUTO:
        return AUTO
    _validate.text("form", text)
    assert isinstance(text, str)
    return AUTO if text.strip().lower() in ("", AUTO) else str(Form.parse(text))
