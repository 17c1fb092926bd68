"""Lyrics read from a file: which format it is, how its letters are stored, and its limits."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import SettingsError, quoted
from . import lrc, srt
from .lines import MOST_BYTES, MOST_LINES, Line


def read(path: str | os.PathLike[str]) -> list[Line]:
    """The lines of an LRC or SRT file, in the order of their beginnings.

    Raises SettingsError where there is no such file, or it is none, or a very large one.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a pipe or a device would be waited for
            raise FileNotFoundError
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        raise SettingsError(
            f"There are no lyrics {quoted(path.name)} that can be read; check their name and "
            "folder."
        ) from None
    if len(content) > MOST_BYTES:
        raise SettingsError(
            f"The lyrics {quoted(path.name)} are larger than {MOST_BYTES // 10**6} MB; give those "
            "of one song."
        )
    return parse(decoded(content), path.name)


def parse(text: str, name: str) -> list[Line]:
    """The lines of a text, which is LRC, or SRT where it has arrows between times.

    name: of the file, for the sentence that says what is wrong.

    Raises SettingsError.
    """
    rows = text.splitlines()
    if len(rows) > 4 * MOST_LINES:
        raise _too_many(name)
    lines = (srt if any("-->" in row for row in rows[:2000]) else lrc).parse(rows, name)
    if len(lines) > MOST_LINES:
        raise _too_many(name)
    if not lines:
        raise SettingsError(
            f"The lyrics {quoted(name)} have no times; give an LRC file, whose lines begin with "
            "such as [00:12.34], or an SRT file."
        )
    return sorted(lines, key=lambda line: (line.start, line.end))


def _too_many(name: str) -> SettingsError:
    return SettingsError(
        f"The lyrics {quoted(name)} have more than {MOST_LINES} lines; give those of one song."
    )


def decoded(content: bytes) -> str:
    """Bytes as the text that they probably are: UTF-16 or UTF-8, else Latin 1 as Windows has it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    some = content[:2000]
    for encoding, zeros in (("utf-16-le", some[1::2]), ("utf-16-be", some[::2])):
        if len(zeros) > 4 and zeros.count(0) > len(zeros) / 2:  # Latin letters, and no mark
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
