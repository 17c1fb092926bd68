"""SubRip's format of subtitles: a number, ``00:00:12,340 --> 00:00:15,000``, and lines of text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import SettingsError, quoted
from ..ranges import DAY
from .lines import Line

_ROWS = 3  # lines of one subtitle that are shown
_LONGEST = 2000  # letters of a row that are looked at

_TIME = r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2})(?:[,.](\d{1,6}))?"
_SPAN = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?", re.ASCII)
_TAGS = re.compile(
    r"</?(?:[biusv]|font|c|ruby|rt|span)(?:[\s.=][^<>]{0,200})?>|\{\\[^{}]{0,200}\}", re.IGNORECASE
)


def parse(rows: Sequence[str], name: str) -> list[Line]:
    """The lines of an SRT file; without an order. rows: of the file. name: of it.

    Tags such as ``<i>`` are left out. Raises SettingsError for a time that is none.
    """
    spans = {number: _span(row, number, name) for number, row in enumerate(rows, 1) if "-->" in row}
    lines = []
    for number, (start, end) in spans.items():
        texts: list[str] = []
        for row in range(number, len(rows)):  # those behind it
            if row + 1 in spans or not rows[row].strip():
                break
            # The number of the next one, where no empty line is before it.
            if row + 2 in spans and rows[row].strip().isdecimal():
                break
            if len(texts) < _ROWS and (text := _TAGS.sub("", rows[row][:_LONGEST]).strip()):
                texts.append(text)
        if texts:
            lines.append(Line(start, end, "\n".join(texts)))
    return lines


def _span(row: str, number: int, name: str) -> tuple[float, float]:
    if found := _SPAN.fullmatch(row.lstrip("\ufeff")):
        parts = found.groups()
        ends = _seconds(parts[:4]), _seconds(parts[4:])
        if None not in ends and ends[0] < ends[1]:  # type: ignore[operator]
            return ends  # type: ignore[return-value]
    raise SettingsError(
        f"Line {number} of {quoted(name)} is {quoted(row.strip())}, which is no time; write "
        "beginning and end, such as 00:01:23,450 --> 00:01:25,000."
    )


def _seconds(parts: Sequence[str | None]) -> float | None:
    """Hours, minutes, seconds and what is behind the comma; None where they are no time."""
    hours, minutes, seconds, rest = parts
    if int(minutes or 0) > 59 or int(seconds or 0) > 59:
        return None
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + (int(rest) / 10 ** len(rest) if rest else 0.0) if whole <= DAY else None
