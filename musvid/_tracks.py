"""What a media file says of itself: its audio tracks, its length, whether it is protected.

Nothing of this is trusted where it can be counted; it is needed to choose a track, and to tell
where a file holds less than it promises.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from . import _ffmpeg
from .errors import FFmpegError

# "  Stream #0:1[0x2](und): Audio: aac (LC), 48000 Hz, stereo, fltp, 128 kb/s (default)"
_STREAM = re.compile(r"Stream #0:\d+\S* ")
_AUDIO = re.compile(_STREAM.pattern + r"Audio: (\w*)")
_LENGTH = re.compile(r"Duration: (\d+):(\d\d):(\d\d\.\d+), ")

_PAGE = 1 << 16  # bytes that a page of Ogg has at most
_STREAMED = 0xFFFFFF00  # lengths from here on are written by those who do not know them yet

_SEEN = 1 << 20  # bytes at both ends of a file in which the marks of protection lie
# All of one of these stand in a protected file: the boxes of FairPlay and of common encryption,
# and the brands of Audible.
_PROTECTED_MP4 = ((b"sinf", b"schm"), (b"sinf", b"drms"), (b"ftypaax ",), (b"ftypaaxc",))
_ASF = bytes.fromhex("3026b2758e66cf11")
_PROTECTED_ASF = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
)


@dataclass(frozen=True)
class Header:
    """What a file says of itself.

    tracks: for each audio track, whether it is marked as the default one.
    seconds: the length, or None where it is not told, guessed from the size of the file, or not
    that of one sound alone. about: the length, or a guess at it, or 0.
    codecs: of each audio track, the name of its codec.
    ends_early: whether the end of the file is missing, where its format tells that in another way.
    """

    tracks: tuple[bool, ...] = ()
    seconds: float | None = None
    ends_early: bool = False
    about: float = 0.0
    codecs: tuple[str, ...] = ()

    @property
    def default(self) -> int:
        """The number (from 1) of the track to play: the first that is marked, else the first."""
        return self.tracks.index(True) + 1 if True in self.tracks else 1


def header(path: Path) -> Header:
    """What a file says of itself; nothing of what is no media file."""
    lines: list[str] = []

    def hear(line: str) -> None:
        if len(lines) < 10_000:
            lines.append(line)

    try:
        arguments = _ffmpeg.media_input(path)
        with _ffmpeg.Process(arguments, stdout=True, level="info", hear=hear) as process:
            process.read_bytes(1)  # nothing comes, but the end
    except FFmpegError:
        pass  # it always is one, since no output was asked for
    sounds = [(line, found.group(1)) for line in lines if (found := _AUDIO.match(line))]
    tracks = tuple(line.endswith("(default)") for line, _ in sounds)
    # The length of a film is that of its pictures.
    streams = [line for line in lines if _STREAM.match(line) and "(attached pic)" not in line]
    guessed = len(streams) > 1 or any("Estimating duration" in line for line in lines)
    about = 0.0
    if told := next(filter(None, map(_LENGTH.match, lines)), None):
        hours, minutes, seconds = map(float, told.groups())
        about = 3600 * hours + 60 * minutes + seconds
    return Header(
        tracks,
        about if told and not guessed else None,
        _ends_early(path),
        about,
        tuple(codec for _, codec in sounds),
    )


def _ends_early(path: Path) -> bool:
    """Whether a WAV file is shorter than it says, or an Ogg file has no last page."""
    with path.open("rb") as file:
        first = file.read(8)
        length = file.seek(0, 2)
        file.seek(max(0, length - _PAGE))
        last = file.read()
    if first.startswith(b"RIFF"):
        (size,) = struct.unpack("<I", first[4:].ljust(4, b"\0"))
        return bool(length + 1 < size + 8 < _STREAMED)
    if first.startswith(b"OggS"):
        place = last.rfind(b"OggS")
        return place >= 0 and not last[place + 5 : place + 6] >= b"\4"
    return False


def protected(path: Path) -> bool:
    """Whether a file is encrypted, so that only its seller's player can play it."""
    with path.open("rb") as file:
        seen = file.read(_SEEN)
        if seen.startswith(_ASF):
            return any(mark in seen for mark in _PROTECTED_ASF)
        if seen[4:8] != b"ftyp":
            return False
        length = file.seek(0, 2)
        file.seek(max(len(seen), length - _SEEN))
        seen += file.read(_SEEN)
    return any(all(mark in seen for mark in marks) for marks in _PROTECTED_MP4)
