"""A whole sound, decoded once from end to end: what it is, how long, and what is odd about it.

A file's header may lie, and its rate or channels may change midway (files that were joined). So the
samples are decoded, in the one rate and layout that all of the file is used in, and counted.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import _ffmpeg
from .errors import FFmpegError, SongError

Floats = NDArray[np.float32]

LOUDEST = 1e6
"""The largest magnitude that is taken for a sample. What is above it, or no number, is silent."""

MIN_RATE, MAX_RATE = 1000, 768_000
MAX_CHANNELS = 8

# The Sun audio header is 24 bytes long and tells rate and channels at fixed places even when it
# is written to a pipe, which a WAV header does not promise.
_AU_HEADER = struct.Struct(">4s5I")

_CHUNK = 1 << 17  # samples that are looked at together
_MARK = 256  # samples by which a place is known again
_MARK_SECONDS = 20  # about one mark in so many

# Told whenever ffmpeg sets up the filters behind a decoder: once, or more often where the sound
# changes midway.
_FORMAT = re.compile(r"\[graph_.* samplerate:(\d+) chlayout:(.+)$")
_LAYOUT = re.compile(r"[a-z0-9.()]+")

_OFFSET = 0.1  # standard deviations of a channel that its mean is off zero, from which on it shows
_CANCELLED = 0.02  # of the channels' power is left in their mixture, where they cancel each other

_ERRORS = re.compile(r"(\d+) decode errors")


@dataclass(frozen=True, eq=False)
class Marks:
    """Places of a sound by which it is known where one is after a seek.

    places: numbers of samples, rising. channels: of each, the channel that is looked at.
    samples: (places, 256), what stands there, int16 of which the largest magnitude is 32767.
    """

    places: NDArray[np.int64]
    channels: NDArray[np.int64]
    samples: NDArray[np.int16]


@dataclass(frozen=True)
class Survey:
    """What was found in a sound.

    rate, channels, total: of the decoded sound; total counts samples per channel.
    layout: of the channels, as ffmpeg names it.
    layouts: the rates and layouts that it has one after the other, as ffmpeg names them, where it
        changes midway. fixed: the filters that then give all of it one rate and one layout.
    silenced: samples that are no numbers. errors: pieces that could not be decoded.
    peak: the largest magnitude, without the offset.
    offset: of every channel, where one is noticeable; else nothing.
    side: the channel to listen to, where a mixture of all would be silent.
    marks: places to be known again.
    """

    rate: int
    channels: int
    total: int
    layout: str = ""
    layouts: tuple[str, ...] = ()
    fixed: str = ""
    silenced: int = 0
    errors: int = 0
    peak: float = 1.0
    offset: tuple[float, ...] = ()
    side: int | None = None
    marks: Marks | None = field(default=None, compare=False, repr=False)


def survey(path: Path, track: int, longest: float) -> Survey:
    """Decode an audio track of a file.

    track: its number, from 1. longest: seconds that it may last.

    Raises SongError where nothing can be decoded, it is longer, or its rate or channels are beyond
    what can be drawn.
    """
    found, formats = _decoded(path, track, longest)
    if len(formats) < 2:
        return found
    layouts = tuple(f"{rate} Hz {layout}" for rate, layout in formats)
    rate = max(int(rate) for rate, _ in formats)
    layout = "mono" if {layout for _, layout in formats} == {"mono"} else "stereo"
    if len(set(layouts)) == 1 and found.channels > 2:  # only the kind of number changes
        layout = formats[0][1]
    rate = min(MAX_RATE, max(MIN_RATE, rate))
    fixed = f"aresample={rate},aformat=sample_fmts=flt:sample_rates={rate}:channel_layouts={layout}"
    found, _ = _decoded(path, track, longest, fixed)
    return replace(found, layout=layout, layouts=layouts, fixed=fixed)


def _decoded(
    path: Path, track: int, longest: float, fixed: str = ""
) -> tuple[Survey, list[tuple[str, str]]]:
    """What is found in one pass, and the rates and layouts that ffmpeg met."""
    formats: list[tuple[str, str]] = []
    errors = 0
    message = ""

    def hear(line: str) -> None:
        nonlocal errors, message
        if (found := _FORMAT.search(line)) and len(formats) < 100:
            formats.append((found.group(1), found.group(2)))
        elif told := _ERRORS.search(line):
            errors = int(told.group(1))
        elif "matches no streams" in line or "moov atom not found" in line:
            message = line

    arguments = [
        *_ffmpeg.media_input(path),
        *("-map", f"0:a:{track - 1}", *(("-af", fixed) if fixed else ())),
        *("-c:a", "pcm_f32be", "-f", "au", "pipe:1"),
    ]
    looked: _Looked | None = None
    try:
        with _ffmpeg.Process(arguments, stdout=True, level="verbose", hear=hear) as process:
            looked = _look(process, path, longest)
    except FFmpegError:
        pass  # what it could decode was looked at
    if looked is None:
        if "moov" in message:
            raise SongError(f"{path.name} is incomplete: its end is missing; copy it once more.")
        if message:
            raise SongError(f"{path.name} has no sound; choose a file with an audio stream.")
        raise SongError(
            f"{path.name} is not a sound file that ffmpeg can read; "
            "choose a wav, mp3, flac, ogg, m4a, webm or mp4 file."
        )
    if looked.total < 1:
        raise SongError(f"{path.name} holds no sound at all; choose a longer file.")
    layout = formats[0][1] if formats else ""
    if not _LAYOUT.fullmatch(layout):
        layout = f"{looked.channels}c"  # the usual one of so many
    return replace(looked.result(), layout=layout, errors=errors), formats


def _look(process: _ffmpeg.Process, path: Path, longest: float) -> _Looked | None:
    """Look at all that a process writes, or nothing where it writes no header."""
    header = process.read_bytes(_AU_HEADER.size)
    if len(header) < _AU_HEADER.size:
        return None
    _, offset, _, _, rate, channels = _AU_HEADER.unpack(header)
    if not 1 <= channels <= MAX_CHANNELS:
        raise SongError(
            f"{path.name} has {channels} channels, and at most {MAX_CHANNELS} can be used; "
            "mix it to stereo first."
        )
    if not MIN_RATE <= rate <= MAX_RATE:
        raise SongError(
            f"{path.name} has {rate} samples a second, and only {MIN_RATE} to {MAX_RATE} can be "
            "used; convert it to 44100 first."
        )
    process.read_bytes(offset - _AU_HEADER.size)
    looked = _Looked(rate, channels)
    chunk = min(_CHUNK, 4 * rate)
    while data := process.read_bytes(4 * channels * chunk):
        whole = len(data) // (4 * channels) * channels
        looked.add(np.frombuffer(data, ">f4", whole).astype(np.float32).reshape(-1, channels))
        if looked.total > longest * rate:
            raise SongError(f"{path.name} is longer than {_spoken(longest)}; cut it first.")
    return looked


def _spoken(seconds: float) -> str:
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} seconds"


class _Looked:
    """The samples that were seen so far, in sums."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate, self.channels, self.total, self.silenced = rate, channels, 0, 0
        self._ground = np.zeros(channels, np.float32)  # about the offset, without which is summed
        self._sums = np.zeros(channels)
        self._products = np.zeros((channels, channels))
        self._high, self._low = np.full(channels, -np.inf), np.full(channels, np.inf)
        self._marks: list[tuple[int, int, NDArray[np.int16]]] = []

    def add(self, sound: Floats) -> None:
        """Look at the samples that come next, (count, channels)."""
        columns = sound.T
        high, low = np.array([(one.max(), one.min()) for one in columns], np.float64).T
        if not (high.max() <= LOUDEST and low.min() >= -LOUDEST):  # or one is no number
            wrong = ~(np.abs(sound) <= LOUDEST)
            self.silenced += int(wrong.sum())
            sound = np.where(wrong, np.float32(0), sound)
            high, low = sound.max(0).astype(np.float64), sound.min(0).astype(np.float64)
        self._high, self._low = np.maximum(self._high, high), np.minimum(self._low, low)
        if not self.total:
            mean = sound.mean(0, dtype=np.float64)
            self._ground = np.where(np.abs(mean) > 1e-3, mean, 0).astype(np.float32)
        if self._ground.any():  # small differences of large sums would be lost
            sound = sound - self._ground
        self._sums += np.ones(len(sound), np.float32) @ sound
        self._products += sound.T @ sound
        sound = sound + self._ground if self._ground.any() else sound
        last = self._marks[-1][0] if self._marks else -_MARK_SECONDS * self.rate
        if self.total + len(sound) - last > _MARK_SECONDS * self.rate and len(sound) >= _MARK:
            self._mark(sound, high - low)
        self.total += len(sound)

    def _mark(self, sound: Floats, swing: NDArray[np.float64]) -> None:
        channel = int(swing.argmax())
        if not swing[channel]:
            return
        own = sound[:, channel]
        place = min(max(0, int(np.abs(own).argmax()) - _MARK // 2), len(own) - _MARK)
        seen = own[place : place + _MARK]
        kept = np.rint(seen * (32767 / np.abs(seen).max())).astype(np.int16)
        self._marks.append((self.total + place, channel, kept))

    def result(self) -> Survey:
        """What was seen."""
        mean = self._sums / self.total
        powers = np.maximum(0, np.diag(self._products) / self.total - mean**2)
        deviation = np.sqrt(powers)
        mixture = self._products.sum() / self.total - mean.sum() ** 2
        mean = mean + self._ground
        shifted = np.abs(mean) > np.maximum(_OFFSET * deviation, 1e-5)
        offset = np.where(shifted, mean, 0)
        cancels = mixture < _CANCELLED * self.channels**2 * powers.mean()
        places, channels, samples = zip(*self._marks, strict=True) if self._marks else ((),) * 3
        return Survey(
            self.rate,
            self.channels,
            self.total,
            silenced=self.silenced,
            peak=float(np.maximum(self._high - offset, offset - self._low).max()),
            offset=tuple(map(float, offset)) if shifted.any() else (),
            side=int(powers.argmax()) if self.channels > 1 and cancels else None,
            marks=Marks(
                np.array(places, np.int64),
                np.array(channels, np.int64),
                np.array(samples, np.int16).reshape(-1, _MARK),
            ),
        )
