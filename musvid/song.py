"""A sound file that was opened and checked.

A song is never trusted for what its header says: it is decoded once from end to end (of one that is
longer than an hour, only some of it, where its packets can be counted instead), its samples are
counted, and from then on every moment of it is a sample number. Whoever reads the sound (the
drawing, the listening, the finished video) opens it by `Song.input` and takes it from `Song.sound`,
so that all of them mean the same samples.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from . import _ffmpeg, _seek, _tracks
from ._look import LOUDEST, Marks, Survey
from ._survey import survey
from .errors import SettingsError, SongError, quoted

_log = logging.getLogger(__name__)

LONGEST = 24 * 3600
"""Seconds that a song may last. A few bytes can stand for years of silence."""

_QUIET = 1e-4, 0.03  # peaks of a song that is raised; below, there is nothing but noise
_RAISED = 0.5  # the peak that it then has
_OVER = 4.0  # the peak above which samples are not in the usual range of -1 to 1


@dataclass(frozen=True)
class Song:
    """The sound of a file, or a part of it. Make one with `Song.open`.

    path: the file.
    rate: samples per second.
    channels: number of channels.
    total: samples (per channel) of the whole file.
    first, samples: the part to use, in samples.
    track: the audio track that is used, from 1. tracks: how many the file has.
    side: the channel to listen to where a mixture of all would be silent; None takes all.
    notes: sentences about what was cut, skipped or chosen; empty for an ordinary file.
    """

    path: Path
    rate: int
    channels: int
    total: int
    first: int
    samples: int
    track: int = 1
    tracks: int = 1
    side: int | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)
    _fixed: str = field(default="", repr=False)  # filters that a file needs which changes midway
    _cleaned: str = field(default="", repr=False)  # filters for what is heard
    _centred: str = field(default="", repr=False)  # filters for what is drawn or followed, too
    _raised: str = field(default="", repr=False)
    _marks: Marks | None = field(default=None, compare=False, repr=False)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        start: float = 0.0,
        duration: float | None = None,
        track: int | None = None,
        longest: float | None = None,
    ) -> Song:
        """Open and check a file.

        start, duration: the part to use, in seconds; all of it by default.
        track: of several audio tracks, the one to use, from 1; by default the one that the file
            marks as its default, or else the first.
        longest: seconds that the whole file may last, `LONGEST` by default.

        What is odd about the file is logged as a warning, and kept in `notes`. Raises SongError
        when the file is missing, is not media, has no sound, or is longer, and SettingsError when
        there is no such track or the part lies outside the song.
        """
        path = _readable(Path(path))
        header = _tracks.header(path)
        if track is not None and not 1 <= track <= max(1, len(header.tracks)):
            raise SettingsError(_no_track(path, track, len(header.tracks)))
        chosen = header.default if track is None else track
        found = survey(path, chosen, LONGEST if longest is None else longest, header)
        notes = _notes(path, found, header, None if track else chosen)
        for note in notes:
            _log.warning("%s", note)
        whole = cls(
            path,
            found.rate,
            found.channels,
            found.total,
            0,
            found.total,
            chosen,
            max(1, len(header.tracks)),
            found.side,
            notes,
            found.fixed,
            _cleaning(found),
            _centring(found),
            _raising(found),
            found.marks,
        )
        return whole.part(start, duration)

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

    def input(self) -> list[str]:
        """ffmpeg's arguments that open the file, as its only input of sound."""
        place = self._place
        arguments = _ffmpeg.media_input(self.path, seek=place.seconds, guess=place.guess)
        if not self._fixed:
            return arguments
        # Filters begin again where the sound changes midway. So a first chain of them, which may,
        # makes one sound of it, and the others are fed with that (a loopback decoder).
        return [
            *arguments,
            *("-map", f"0:a:{self.track - 1}", "-af", self._fixed),
            *("-c:a", "pcm_f32le", "-f", "null", "-"),
            *("-dec", "0:0"),
        ]

    @property
    def sound(self) -> str:
        """The label of the sound among ffmpeg's inputs, where the song is the first of them."""
        return "[dec:0]" if self._fixed else f"[0:a:{self.track - 1}]"

    @property
    def filters(self) -> str:
        """ffmpeg audio filters that cut exactly this part out of `sound`.

        Time stamps are counted from the samples, since those of a container may have gaps or an
        offset (MP3 encoder delay, video that starts before its sound). Samples that are no numbers
        are silent.
        """
        count = "asetpts=N/SR/TB"
        place = self._place
        begin, end = self.first - place.offset, self.first - place.offset + self.samples
        cut = f"{place.anchor(self.rate)},atrim=start_sample={begin}:end_sample={end},{count}"
        return cut + self._cleaned

    @property
    def even(self) -> str:
        """`filters`, and further ones without which the song could not be followed.

        They take a constant offset away, and raise a very quiet song to the usual level. An
        ordinary song needs none.
        """
        return self.filters + self._centred + self._raised

    @property
    def centred(self) -> str:
        """`even` at the level that the song has."""
        return self.filters + self._centred

    @property
    def patience(self) -> float:
        """Seconds that ffmpeg may need until it has decoded what stands before this part."""
        return (self.first - self._place.offset) / self.rate / 50

    @property
    def _place(self) -> _seek.Place:
        if self._fixed:
            return _seek.Place()
        part = self.first, self.first + self.samples
        return _seek.place(self.path, self.track, self.rate, self.channels, self._marks, part)


def _readable(path: Path) -> Path:
    """The path of a regular file that can be opened. Raises SongError."""
    if str(path) == "-" and not path.exists():
        raise SongError(
            "A song is read more than once, so it cannot come through a pipe; save it as a file."
        )
    try:
        if path.is_dir():
            raise SongError(f"{path.name or path} is a folder; give the name of a sound file.")
        if not path.exists():
            raise SongError(f"There is no file {path.name}; check its name and folder.")
        if not path.is_file():
            raise SongError(
                f"{path.name} is a pipe or a device, and a song is read more than once; save it as "
                "a file."
            )
        if not path.stat().st_size:
            raise SongError(f"{path.name} is an empty file; choose a file with sound.")
        guarded = _tracks.protected(path)
    except OSError as error:
        raise SongError(f"{quoted(path.name)} cannot be opened ({error.strerror}).") from None
    if guarded:
        raise SongError(
            f"{path.name} is protected against copying (DRM), and only its seller's player can "
            "play it; choose a file without protection."
        )
    return path


def _no_track(path: Path, track: int, tracks: int) -> str:
    has = "one audio track" if tracks < 2 else f"{tracks} audio tracks"
    return f"{path.name} has {has}, and no number {track}; choose another track."


def _notes(
    path: Path, found: Survey, header: _tracks.Header, chosen: int | None
) -> tuple[str, ...]:
    """What is said of an odd file. chosen: the track, where nobody asked for one."""
    notes, name = [], path.name
    length = found.total / found.rate
    missing = (header.seconds or 0) - length
    if chosen and len(header.tracks) > 1:
        why = "which it marks as its default" if any(header.tracks) else "the first"
        notes.append(
            f"{name} has {len(header.tracks)} audio tracks; number {chosen} is used, {why}."
        )
    if len(set(found.layouts)) > 1:
        notes.append(
            f"{name} was joined from different sounds ({_listed(found.layouts)}); all of it is "
            f"used, at {found.rate} Hz."
        )
    if found.errors:
        times = "once" if found.errors == 1 else f"{found.errors} times"
        notes.append(f"{name} is damaged: {times}, something that cannot be decoded was skipped.")
    if missing > max(0.5, 0.01 * length):
        notes.append(
            f"{name} says that it is {header.seconds:.1f} s long, and holds {length:.1f} s: the "
            "rest is missing."
        )
    elif header.ends_early:
        notes.append(f"{name} ends early: the rest of the file is missing.")
    if found.silenced:
        notes.append(f"{name} holds {found.silenced} samples that are no numbers; they are silent.")
    if found.peak > _OVER:
        notes.append(f"{name} is {found.peak:.3g} times as loud as a file can be; it is lowered.")
    return tuple(notes)


def _listed(layouts: tuple[str, ...]) -> str:
    """The first few of some names, each once."""
    names = list(dict.fromkeys(layouts))
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _cleaning(found: Survey) -> str:
    """Filters that leave out samples which are no numbers, and lower a sound beyond all range."""
    filters = ""
    if found.silenced:
        clean = "if(between(val({0}),-{1:.0f},{1:.0f}),val({0}),0)"
        filters += _each(found, [clean.format(number, LOUDEST) for number in range(found.channels)])
    if found.peak > _OVER:
        filters += f",volume={1 / found.peak:.9f}"
    return filters


def _centring(found: Survey) -> str:
    """Filters that take a constant offset away."""
    if not found.offset:
        return ""
    scale = 1 / found.peak if found.peak > _OVER else 1.0
    means = enumerate(found.offset)
    return _each(found, [f"val({number})-({scale * mean:.9f})" for number, mean in means])


def _each(found: Survey, values: Sequence[str]) -> str:
    """A filter that computes every sample of each channel, and leaves them their names.

    They are named before it, since ffmpeg would otherwise mix them into those that are wanted
    behind it; and behind it, since it forgets their names, and channels without one are not
    levelled (`dynaudnorm`). With the filter's own word for that, "same", ffmpeg crashes.
    """
    layout, numbers = found.layout, "|".join(map(str, range(found.channels)))
    return (
        f",aformat=channel_layouts={layout},aeval=exprs='{'|'.join(values)}'"
        f",channelmap=map={numbers}:channel_layout={layout}"
    )


def _raising(found: Survey) -> str:
    """Filters that raise a very quiet sound."""
    low, high = _QUIET
    return f",volume={_RAISED / found.peak:.6f}" if low <= found.peak < high else ""
