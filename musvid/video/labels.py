"""What players show of a video: title, artist, album, chapters, and a cover."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .. import _ffmpeg
from .._tags import NONE, Tags
from ..errors import FFmpegError

COVER = 1000
"""Pixels of a cover's longer side, at most."""

_MOST = 1 << 24  # bytes of a cover


@dataclass(frozen=True)
class Labels:
    """What players show of a video.

    tags: of the song. chapters: when each begins, in seconds of the video, rising, and its name.
    seconds: how long the video is, which ends the last chapter. cover: a JPEG file's bytes, or b"".
    from_film: whether a picture of the film is the cover where there is no other.
    """

    tags: Tags = NONE
    chapters: tuple[tuple[float, str], ...] = ()
    seconds: float = 0.0
    cover: bytes = b""
    from_film: bool = False

    def texts(self) -> dict[str, str]:
        """The tags that say something, by the names that ffmpeg gives them."""
        named = {"title": self.tags.title, "artist": self.tags.artist, "album": self.tags.album}
        return {name: text for name, text in named.items() if text}

    def marks(self) -> str:
        """The chapters as a file of ffmpeg's metadata format; "" without any."""
        return "".join(self._marks())

    def _marks(self) -> Iterator[str]:
        if not self.chapters:
            return
        yield ";FFMETADATA1\n"
        ends = [*self.chapters, (self.seconds, "")]
        for (begin, name), (end, _) in pairwise(ends):
            yield f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={begin * 1000:.0f}\nEND={end * 1000:.0f}\n"
            yield _ffmpeg.metadata({"title": name, "": ""}).split("\n", 1)[1].rpartition("\n")[0]
            yield "\n"


UNLABELLED = Labels()
"""The labels of a video of which players show nothing."""


def cover_of(path: str | os.PathLike[str]) -> bytes:
    """The cover that a sound file holds, as a JPEG of at most `COVER` pixels a side.

    b"" where it holds none that can be read; the pictures of a film are none.
    """
    within = f"scale='min({COVER},iw)':'min({COVER},ih)':force_original_aspect_ratio=decrease"
    arguments = [
        *_ffmpeg.media_input(path),
        *("-map", "0:disp:attached_pic", "-frames:v", "1", "-vf", f"{within},format=yuvj420p"),
        *("-c:v", "mjpeg", "-q:v", "3", "-map_metadata", "-1", "-fflags", "+bitexact"),
        *("-f", "mjpeg", "pipe:1"),
    ]
    made = b""
    try:
        with _ffmpeg.Process(arguments, stdout=True) as process:
            while part := process.read_bytes(1 << 16):
                made += part if len(made) < _MOST else b""
    except FFmpegError:
        return b""
    return made if len(made) < _MOST else b""
