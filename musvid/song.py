"""A sound file that was opened and checked.

A song is never trusted for what its header says: it is decoded once from end to end, its samples
are counted, and from then on every moment of it is a sample number. Whoever reads the sound
(the drawing, the finished video) asks `Song.filters` for the same chain of ffmpeg filters, so
that picture and sound mean the same samples.
"""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from . import _ffmpeg
from .errors import FFmpegError, SettingsError, SongError, quoted

# The Sun audio header is 24 bytes long and tells rate and channels at fixed places even when it
# is written to a pipe, which a WAV header does not promise.
_AU_HEADER = struct.Struct(">4s5I")


LONGEST = 24 * 3600
"""Seconds that a song may last. A few bytes can stand for years of silence."""


@dataclass(frozen=True)
class Song:
    """The sound of a file, or a part of it. Make one with `Song.open`.

    path: the file.
    rate: samples per second.
    channels: number of channels.
    total: samples (per channel) of the whole file.
    first, samples: the part to use, in samples.
    """

    path: Path
    rate: int
    channels: int
    total: int
    first: int
    samples: int

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, start: float = 0.0, duration: float | None = None
    ) -> Song:
        """Open and check a file.

        start, duration: the part to use, in seconds; all of it by default.

        Raises SongError when the file is missing, is not media, or has no sound, and
        SettingsError when the part lies outside the song.
        """
        path = Path(path)
        try:
            path.is_dir(), path.exists()
        except OSError as error:
            raise SongError(
                f"{quoted(path.name)} cannot be opened ({error.strerror}); check its name."
            ) from None
        if path.is_dir():
            raise SongError(f"{path} is a folder; give the name of a sound file.")
        if not path.exists():
            raise SongError(f"There is no file {path}; check its name and folder.")
        if not path.stat().st_size:
            raise SongError(f"{path.name} is an empty file; choose a file with sound.")
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise SongError(
                f"{path} cannot be read ({error.strerror}); check its rights."
            ) from None
        rate, channels, total = _count_samples(path)
        return cls(path, rate, channels, total, 0, total).part(start, duration)

    def part(self, start: float = 0.0, duration: float | None = None) -> Song:
        """A part of this song; start and duration in seconds, counted from the file's beginning.

        A part that reaches beyond the end is cut there. Raises SettingsError when it begins
        beyond the end, or is shorter than one sample.
        """
        if not (math.isfinite(start) and start >= 0):
            raise SettingsError(f"start must be a time in seconds from 0 on, not {start}.")
        if duration is not None and not (math.isfinite(duration) and duration > 0):
            raise SettingsError(f"duration must be a number of seconds above 0, not {duration}.")
        first = round(Fraction(start) * self.rate)
        if first >= self.total:
            length = self.total / self.rate
            raise SettingsError(
                f"The start ({start:g} s) lies beyond the end of {self.path.name}, which is "
                f"{length:.2f} s long; choose an earlier one."
            )
        samples = self.total - first
        if duration is not None:
            samples = min(samples, round(Fraction(duration) * self.rate))
        if samples < 1:
            raise SettingsError("The duration is shorter than one sample; choose a longer one.")
        return replace(self, first=first, samples=samples)

    @property
    def duration(self) -> Fraction:
        """Length of the part to use, in seconds, exact."""
        return Fraction(self.samples, self.rate)

    @property
    def filters(self) -> str:
        """ffmpeg audio filters that cut exactly this part out of the file's first audio stream.

        Time stamps are counted from the samples, since those of a container may have gaps or an
        offset (MP3 encoder delay, video that starts before its sound).
        """
        count = "asetpts=N/SR/TB"
        end = self.first + self.samples
        return f"{count},atrim=start_sample={self.first}:end_sample={end},{count}"


def _longest(header: bytes) -> int:
    """The most bytes of sound that may follow an AU header."""
    offset: int
    rate: int
    channels: int
    _, offset, _, _, rate, channels = _AU_HEADER.unpack(header)
    return offset - _AU_HEADER.size + 2 * LONGEST * rate * channels


def _count_samples(path: Path) -> tuple[int, int, int]:
    """Decode a whole file; its sample rate, channels, and samples per channel."""
    arguments = [
        *_ffmpeg.media_input(path),
        "-map",
        "0:a:0",
        "-c:a",
        "pcm_s16be",
        "-f",
        "au",
        "pipe:1",
    ]
    header, data, message = b"", 0, ""
    try:
        with _ffmpeg.Process(arguments, stdout=True) as process:
            header = process.read_bytes(_AU_HEADER.size)
            while chunk := process.read_bytes(1 << 20):
                data += len(chunk)
                if len(header) == _AU_HEADER.size and data > _longest(header):
                    hours = LONGEST / 3600
                    raise SongError(f"{path.name} is longer than {hours:g} hours; cut it first.")
    except FFmpegError:
        message = process.errors
    if len(header) < _AU_HEADER.size:
        if "matches no streams" in message:
            raise SongError(f"{path.name} has no sound; choose a file with an audio stream.")
        raise SongError(
            f"{path.name} is not a sound file that ffmpeg can read; "
            "choose a wav, mp3, flac, ogg, m4a, webm or mp4 file."
        )
    _, offset, _, _, rate, channels = _AU_HEADER.unpack(header)
    total = (data - (offset - _AU_HEADER.size)) // (2 * channels)
    if total < 1:
        raise SongError(f"{path.name} holds no sound at all; choose a longer file.")
    return rate, channels, total
