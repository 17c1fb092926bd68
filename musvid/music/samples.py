"""The samples of a song, for those who look at them: one channel, block by block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .. import _ffmpeg
from ..song import Song

Sound = NDArray[np.float32]

RATE = 22050
"""Samples per second; what lies above its half (11 kHz) tells little about time."""


BLOCK = 2560 * 512
"""Samples of a block, about a minute."""


def mono(song: Song, *, rate: int = RATE, block: int = BLOCK) -> Iterator[Sound]:
    """A song's part as one channel: float32 in about [-1, 1], `block` samples at a time.

    It is the mixture of all channels, or one of them where they cancel each other; without a
    constant offset, and a very quiet song is raised (`Song.even`).

    Yields arrays of `block` samples, the last one shorter; ``round(duration * rate)`` samples in
    all, give or take one. Raises FFmpegError.
    """
    own = "" if song.side is None else f"pan=mono|c0=c{song.side},"
    filters = f"{song.even},{own}aresample={rate},aformat=channel_layouts=mono"
    arguments = [
        *song.input(),
        *("-filter_complex", f"{song.sound}{filters}[a]", "-map", "[a]"),
        *("-f", "f32le", "pipe:1"),
    ]
    with _ffmpeg.Process(arguments, stdout=True, patience=song.patience) as process:
        while data := process.read_bytes(4 * block):
            yield np.frombuffer(data[: len(data) // 4 * 4], np.float32)


def peaks(song: Song, count: int) -> list[float]:
    """The largest magnitude of the samples in each of so many equal stretches of a song's part."""
    total = max(1, round(song.duration * RATE))
    found, done = np.zeros(count), 0
    for part in mono(song):
        places = np.minimum((done + np.arange(len(part))) * count // total, count - 1)
        np.maximum.at(found, places, np.abs(part))
        done += len(part)
    return [float(peak) for peak in np.minimum(found, 1)]


def blocks(song: Song, *, border: int, size: int = BLOCK) -> Iterator[tuple[Sound, int]]:
    """A song's part as one channel of `RATE`, in blocks that overlap.

    size: samples of a block, at least `border`. border: samples before and after the block that are
        handed on with it, fewer at the ends of the part.

    Yields the samples, and how many of them come before the block itself.
    """
    held, before = np.empty(0, np.float32), 0
    for part in mono(song, block=size):
        held = np.concatenate([held, part])
        if len(held) >= before + size + border:
            yield held[: before + size + border], before
            held, before = held[before + size - border :], border
    while len(held) > before:
        yield held[: before + size + border], before
        held, before = held[before + size - border :], border
