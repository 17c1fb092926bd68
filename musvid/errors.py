"""Every error a user can meet.

::

    MusvidError
    ├── SettingsError    a setting is out of range, unknown, or contradicts another
    ├── SongError        the song is missing, is not media, has no sound, or is too short
    ├── OutputError      the output cannot be written
    ├── ModelError       a model cannot be found, downloaded or loaded
    ├── MemoryExhausted  the device has too little memory for this size and batch
    ├── FFmpegError      ffmpeg failed for a reason none of the above names
    └── Cancelled        the render was stopped by whoever started it

The message of each is one sentence that says what is wrong and what to do. `exit_code` is what
the command line returns: 2 for usage, 1 for failure, 130 for stopped (as shells do for Ctrl-C).
"""

from __future__ import annotations


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


class Cancelled(MusvidError):
    """The render was stopped by whoever started it."""

    exit_code = 130
