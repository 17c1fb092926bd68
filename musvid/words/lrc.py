"""LRC, the usual format of lyrics: ``[00:12.34] a line``, or with a time before each word.

There is no standard. What is read here: several times before one line, ``[offset:+500]`` (in
milliseconds, by which everything comes sooner), ``mm:ss``, ``mm:ss.xx``, ``mm:ss:xx`` and
``hh:mm:ss.xx``, and ``<00:12.34>`` before words, as A2 and others write it. A time without a line
ends the one before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import SettingsError, quoted
from ..ranges import DAY
from .lines import MOST_LINES, Line

Sung = tuple[tuple[float, str], ...]

_STAY = 8.0  # seconds that a line stays where no other one comes
_LAST_WORD = 3.0  # seconds after the last word's beginning

_LONGEST = 2000  # letters of a row that are looked at
_MOST = 64  # times before one line

# Three numbers are minutes, seconds and hundredths, but for those with a point behind them.
_STAMP = re.compile(
    r"(?:(\d{1,2}):(?=\d+:\d+[.,]))?(\d{1,4}):(\d{1,2})(?:[.,:](\d{1,6}))?", re.ASCII
)
_BRACKET = re.compile(r"\s*\[([^\[\]]{0,200})\]")
_WORD = re.compile(r"<(\d[^<>]{0,40}:[^<>]{0,40})>", re.ASCII)
_OFFSET = re.compile(r"\s*([+-]?\d{1,9})\s*", re.ASCII)


def parse(rows: Sequence[str], name: str) -> list[Line]:
    """The lines of an LRC file; without an order. rows: of the file. name: of it.

    Raises SettingsError for a time that is none.
    """
    sooner = 0.0
    found: dict[float, list[tuple[str, Sung]]] = {}
    for number, row in enumerate(rows, 1):
        times: list[float] = []
        rest = row[:_LONGEST].lstrip("\ufeff")
        while len(times) < _MOST and (bracket := _BRACKET.match(rest)):
            inside = bracket[1].strip()
            key, _, value = inside.partition(":")
            if inside[:1].isdigit() and ":" in inside:
                times.append(_seconds(inside, number, name))
            elif key.strip().lower() == "offset" and (given := _OFFSET.fullmatch(value)):
                sooner = int(given[1]) / 1000
            else:  # a name such as [ar:...], or something in brackets that is sung
                break
            rest = rest[bracket.end() :]
        if times:
            text, words = _words(rest, number, name)
            for time in times:
                moved = tuple((each + time - times[0], word) for each, word in words)
                found.setdefault(time, []).append((text, moved))
        if len(found) > MOST_LINES:
            break  # which is told of the whole file
    starts = sorted(found)
    lines = []
    for start, following in zip(starts, [*starts, float("inf")][1:], strict=True):
        sung = [(text, words) for text, words in found[start] if text]
        if not sung:
            continue
        # Lines of one moment are one with its translation.
        text = "\n".join(text for text, _ in sung)
        words = sung[0][1] if len(sung) == 1 else ()
        stay = max(_STAY, words[-1][0] - start + _LAST_WORD) if words else _STAY
        end = min(following, start + stay)
        shifted = tuple((time - sooner, word) for time, word in words)
        if end - sooner > 0:
            lines.append(Line(start - sooner, end - sooner, text, shifted))
    return lines


def _words(rest: str, number: int, name: str) -> tuple[str, Sung]:
    """A line's text, and its words where they have times; one without a word ends the one before.

    What stands before the first time belongs to its word.
    """
    parts = _WORD.split(rest)
    if len(parts) == 1:
        return rest.strip(), ()
    before = parts[0].lstrip()
    words: list[tuple[float, str]] = []
    for stamp, word in zip(parts[1::2], parts[2::2], strict=True):
        time, word = _seconds(stamp, number, name), before + word
        before = ""
        # One space between words, whether it stands before or behind a time.
        if words and word[:1].isspace() and not words[-1][1].endswith(" "):
            words[-1] = (words[-1][0], f"{words[-1][1]} ")
        if word.strip():
            words.append((time, word.lstrip()))
    if words:
        words[-1] = (words[-1][0], words[-1][1].rstrip())
    return "".join(word for _, word in words), tuple(words)


def _seconds(text: str, number: int, name: str) -> float:
    if found := _STAMP.fullmatch(text.strip()):
        hours, minutes, seconds, parts = found.groups()
        whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
        if int(seconds) < 60 and whole <= DAY:
            return whole + (int(parts) / 10 ** len(parts) if parts else 0.0)
    raise SettingsError(
        f"Line {number} of {quoted(name)} has the time {quoted(text)}, which is none; write "
        "minutes and seconds, such as [01:23.45]."
    )
