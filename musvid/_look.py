"""What is found in a sound, from the samples that were looked at."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import _ffmpeg
from .errors import SongError

Floats = NDArray[np.float32]

LOUDEST = 1e6
"""The largest magnitude that is taken for a sample. What is above it, or no number, is silent."""

MIN_RATE, MAX_RATE = 1000, 768_000
MAX_CHANNELS = 8

# The Sun audio header is 24 bytes long and tells rate and channels at fixed places even when it
# is written to a pipe, which a WAV header does not promise.
_AU_HEADER = struct.Struct(">4s5I")

_MARK = 256  # samples by which a place is known again
_MARK_SECONDS = 20  # about one mark in so many

_OFFSET = 0.1  # standard deviations of a channel that its mean is off zero, from which on it shows
_CANCELLED = 0.02  # of the channels' power is left in their mixture, where they cancel each other


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


AU = ("-c:a", "pcm_f32be", "-f", "au", "pipe:1")
"""ffmpeg's arguments for an output that `begin` can read."""


def begin(process: _ffmpeg.Process, path: Path) -> Looked | None:
    """Read the header of `AU` from a process; nothing where it writes none.

    Raises SongError where the rate or the channels are beyond what can be drawn.
    """
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
    return Looked(rate, channels)


def samples(data: bytes, channels: int) -> Floats:
    """What `AU` holds, (count, channels); a piece of a sample at the end is left out."""
    whole = len(data) // (4 * channels) * channels
    return np.frombuffer(data, ">f4", whole).astype(np.float32).reshape(-1, channels)


class Looked:
    """The samples that were seen so far, in sums.

    rate, channels: of the sound. total: samples (per channel) up to the end of what was seen last.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self.rate, self.channels, self.total, self.silenced = rate, channels, 0, 0
        self._count = 0  # of the samples that were seen
        self._ground = np.zeros(channels, np.float32)  # about the offset, without which is summed
        self._sums = np.zeros(channels)
        self._products = np.zeros((channels, channels))
        self._high, self._low = np.full(channels, -np.inf), np.full(channels, np.inf)
        self._marks: list[tuple[int, int, NDArray[np.int16]]] = []

    def add(self, sound: Floats, place: int | None = None) -> None:
        """Look at some samples, (count, channels).

        place: the number of the first of them in the sound; by default they come next.
        """
        self.total = self.total if place is None else place
        columns = sound.T
        high, low = np.array([(one.max(), one.min()) for one in columns], np.float64).T
        if not (high.max() <= LOUDEST and low.min() >= -LOUDEST):  # or one is no number
            wrong = ~(np.abs(sound) <= LOUDEST)
            self.silenced += int(wrong.sum())
            sound = np.where(wrong, np.float32(0), sound)
            high, low = sound.max(0).astype(np.float64), sound.min(0).astype(np.float64)
        self._high, self._low = np.maximum(self._high, high), np.minimum(self._low, low)
        if not self._count:
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
        self._count += len(sound)

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
        mean = self._sums / self._count
        powers = np.maximum(0, np.diag(self._products) / self._count - mean**2)
        deviation = np.sqrt(powers)
        mixture = self._products.sum() / self._count - mean.sum() ** 2
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
