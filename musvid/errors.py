"""Every error a user can meet.

::

    MusvidError
    ├── SettingsError    a setting is out of range, unknown, or contradicts another
    ├── SongError        the song is missing, is not media, has no sound, or is too short
    ├── OutputError      the output cannot be written
    ├── ModelError       a model cannot be found, downloaded or loaded
    ├── MemoryExhausted  the device has too little memory for this size and batch
    ├── FFmpegError      ffmpeg failed for a reason none of the above names
    ├── ClusterError     the machines of a cluster cannot be had, or not used
    └── Cancelled        the render was stopped by whoever started it

The message of each is one sentence that says what is wrong and what to do. `exit_code` is what
the command line returns: 2 for usage, 1 for failure, 130 for stopped (as shells do for Ctrl-C).
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence


class MusvidError(Exception):
    """Base of all errors that are meant for a user's eyes."""

    exit_code: int = 1


class SettingsError(MusvidError, ValueError):
    """A setting is out of range, unknown, or contradicts another."""

    exit_code = 2


class SongError(MusvidError):
    """The song is missing, is not media, has no sound, or is too short."""


class OutputError(MusvidError):
    """The output cannot be written."""


class ModelError(MusvidError):
    """A model cannot be found, downloaded or loaded."""


class MemoryExhausted(MusvidError):
    """The device has too little memory for this size and batch."""


class FFmpegError(MusvidError):
    """ffmpeg failed for a reason that no other error names."""


class ClusterError(MusvidError):
    """The machines of a cluster cannot be had, or not used."""


class Cancelled(MusvidError):
    """The render was stopped by whoever started it."""

    exit_code = 130


LONGEST = 60
"""Letters of a value that a sentence repeats."""


class _Brief(reprlib.Repr):
    """Python's own shortened form, which never spells out a giant."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = LONGEST

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002
        if x.bit_length() <= 3 * LONGEST:
            return repr(x)
        return f"a number of about {round(x.bit_length() * 0.30103)} digits"


def quoted(value: object) -> str:
    """A value as a sentence quotes it, on one line: of a long one, about 60 letters."""
    text = _Brief().repr(value)
    return text if len(text) <= LONGEST + 2 else f"{text[: LONGEST - 3]}..."


def listed(words: Sequence[str], most: int = 12) -> str:
    """Words one after the other; of many, the first ones and how many more there are."""
    shown = ", ".join(word if len(word) <= LONGEST else f"{word[:57]}..." for word in words[:most])
    more = len(words) - most
    return f"{shown} and {more} more" if more > 0 else shown
