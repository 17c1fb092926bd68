"""Some packets of a sound, decoded, while ffmpeg passes over the others without decoding them.

Which ones is said by an expression of ffmpeg's about a packet: `n` is its number from 0, `pts` and
`duration` are its time and length in units of `tb` seconds, `startpts` is the time of the first.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from . import _ffmpeg
from ._look import AU, Floats, begin, samples

_PATIENCE = 600.0  # seconds that a disk may take until the next packet that is decoded
_READ = 1 << 20  # bytes

_FRAME = re.compile(
    r"\[Parsed_ashowinfo_\d+ @ \S+ n:\d+ pts:(-?\d+) .* "
    r"fmt:(\S+) channels:\d+ chlayout:(.+) rate:(\d+) nb_samples:(\d+)"
)
_ERROR = re.compile(r"\[dec:.*Error ")


class Piece(NamedTuple):
    """Samples of one decoded packet, or of several that follow each other.

    stamp: the time of the first one, in samples. sound: (count, channels). frames: how many packets
    they are of. longest: samples that one packet has at most.
    """

    stamp: int
    sound: Floats
    frames: int
    longest: int


class Packets:
    """The packets of a file for which an expression is not 0, to be iterated once.

    path, track: the file, and the number of its audio track, from 1. keep: the expression.
    seconds: of the file, what comes after is left out.

    rate, channels, layout: of the sound, known with the first piece; layout as ffmpeg names it.
    whole: after the last piece, whether all was decoded, and to one kind of sound.

    Iterating raises FFmpegError, and SongError where the rate or channels are beyond what can be
    drawn.
    """

    def __init__(self, path: Path, track: int, keep: str, seconds: float) -> None:
        self.path = path
        self.rate = self.channels = 0
        self.layout, self.whole = "", False
        expression = f"not({keep})".replace(",", "\\,")
        self._arguments = [
            *("-nostats", f"-bsf:a:{track - 1}", f"noise=drop='{expression}'", "-t", str(seconds)),
            *_ffmpeg.media_input(path),
            *("-map", f"0:a:{track - 1}", "-af", "ashowinfo", *AU),
        ]
        self._told: deque[tuple[int, int]] = deque()  # time and length of what is to come
        self._kinds: set[tuple[str, ...]] = set()
        self._failed = False

    def _hear(self, line: str) -> None:
        if found := _FRAME.search(line):
            stamp, *kind, length = found.groups()
            self._told.append((int(stamp), int(length)))
            self._kinds.add(tuple(kind))
        elif _ERROR.search(line):
            self._failed = True

    def __iter__(self) -> Iterator[Piece]:
        with _ffmpeg.Process(
            self._arguments, stdout=True, patience=_PATIENCE, level="info", hear=self._hear
        ) as process:
            header = begin(process, self.path)
            if header is None:
                return
            self.rate, self.channels = header.rate, header.channels
            held, more = bytearray(), True
            while more:
                data = process.read_bytes(_READ)
                more = bool(data)
                if not more:
                    process.wait()  # so that all was told
                held += data
                yield from self._pieces(held)
        self.whole = not (held or self._told or self._failed) and len(self._kinds) == 1

    def _pieces(self, held: bytearray) -> Iterator[Piece]:
        """What is complete of some bytes, which are taken away."""
        width, told = 4 * self.channels, self._told
        while told:
            stamp, count, longest, frames = told[0][0], 0, 0, 0
            while told and told[0][0] == stamp + count:
                length = told[0][1]
                if width * (count + length) > len(held):
                    break
                told.popleft()
                count, longest, frames = count + length, max(longest, length), frames + 1
            if not frames:
                return
            if not self.layout:
                _, self.layout, _ = next(iter(self._kinds))
            yield Piece(
                stamp, samples(bytes(held[: width * count]), self.channels), frames, longest
            )
            del held[: width * count]
